// Makes everything that follows from schema/procs.schema.json: the compiled validator, the types, the schemas for
// editors and the reference page. `node scripts/compile-schema.mjs` writes them; a test compares what is committed.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { editorSchema } from './schema/editor.mjs';
import { overlaySchema } from './schema/overlay.mjs';
import { referencePage } from './schema/reference.mjs';
import { authoringTypes } from './schema/types.mjs';
import { validatorCode } from './schema/validator.mjs';

const root = new URL('../', import.meta.url);

/** @returns path from the root of the project -> text */
export async function generate() {
  const schema = JSON.parse(await read('schema/procs.schema.json'));
  const { SERVICE_KEY_CLASSES } = await load('src/config/schema/change-classes.ts');
  const intro = await read('schema/reference-intro.md');
  return {
    'src/config/schema-generated/validate-schema.js': validatorCode(schema),
    'src/config/schema-generated/authoring.ts': authoringTypes(schema),
    'schema/procs.editor.schema.json': `${JSON.stringify(editorSchema(schema), null, 2)}\n`,
    'schema/procs.overlay.schema.json': overlaySchema(editorSchema(schema)),
    'docs/reference/procs-yaml.md': referencePage(schema, { intro, classes: SERVICE_KEY_CLASSES }),
  };
}

const read = (path) => readFile(new URL(path, root), 'utf8');

/** A TypeScript module without Node modules. */
async function load(path) {
  const options = { entryPoints: [fileURLToPath(new URL(path, root))], bundle: true, write: false, format: 'esm' };
  const { outputFiles } = await build(options);
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generate())) {
    const file = fileURLToPath(new URL(path, root));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
