// Lets Ink and Yoga load at once, as one CommonJS file needs it: what they wait for at the top of a module goes.
import { readFile } from 'node:fs/promises';

/**
 * Yoga is compiled in place, from bytes. As it comes, it asks `fetch` for a data URI; Node takes 60 ms to load `fetch`, more
 * than Ink and React together.
 */
const YOGA = `
import loadYoga from '../binaries/yoga-wasm-base64-esm.js';
import wrapAssembly from './wrapAssembly.js';
import code from './code.wasm';

const library = {
  instantiateWasm(imports, receive) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), imports);
    receive(instance);
    return instance.exports;
  },
};
loadYoga(library);
export default wrapAssembly(library);
export * from './generated/YGEnums.js';
`;
const YOGA_CODE = /(?<="data:application\/octet-stream;base64,)[A-Za-z0-9+/=]+(?=")/;
/**
 * By the same rules, which a test compares (test/terminal), but without compiling the set of all emoji, 15 ms, for ASCII and
 * for the marks of ink-output.ts.
 */
const OWN_WIDTH = `
import { widthOf } from './src/terminal/width.ts';
export default (text) => (text.length === 1 && text < ' ' ? 0 : widthOf(text));
`;
/** Only with DEV=true, which without-devtools.ts switches off. */
const DEVTOOLS = [
  /if \(isDev\(\)\) \{\s+try \{\s+await import\('\.\/devtools\.js'\);/,
  /isDev\(\)\s+\? await loadPackageJson\(\)\s+: /,
];

export const viewLoadsAtOnce = {
  name: 'view-loads-at-once',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /yoga-layout\/dist\/src\/index\.js$/ }, () => ({ contents: YOGA }));
    onLoad({ filter: /yoga-wasm-base64-esm\.js$/, namespace: 'file' }, async ({ path }) => ({
      contents: (await split(path)).script,
    }));
    onResolve({ filter: /^\.\/code\.wasm$/ }, ({ resolveDir }) => ({
      path: `${resolveDir}/../binaries/yoga-wasm-base64-esm.js`,
      namespace: 'yoga-code',
    }));
    onLoad({ filter: /.*/, namespace: 'yoga-code' }, async ({ path }) => ({
      contents: (await split(path)).code,
      loader: 'binary',
    }));
    onResolve({ filter: /^string-width$/ }, () => ({ path: 'string-width', namespace: 'own-width' }));
    onLoad({ filter: /.*/, namespace: 'own-width' }, () => ({ contents: OWN_WIDTH, resolveDir: '.' }));
    onLoad({ filter: /ink\/build\/reconciler\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const [connect, name] = DEVTOOLS;
      return { contents: cut(cut(text, connect, "if (false) { try { import('./devtools.js');"), name, '') };
    });
  },
};

async function split(path) {
  const text = await readFile(path, 'utf8');
  const code = YOGA_CODE.exec(text);
  if (code === null) throw new Error(`no code in ${path}`);
  return { script: cut(text, YOGA_CODE, ''), code: Buffer.from(code[0], 'base64') };
}

/** Another version of the library is noticed here, not by its users. */
function cut(text, pattern, replacement) {
  const changed = text.replace(pattern, () => replacement);
  if (changed === text) throw new Error(`${pattern} is not in the library`);
  return changed;
}
