// The schema -> the one for editors: it accepts the same files, and yaml-language-server makes more of it.
import { flow } from './reference.mjs';
import { resolved } from './resolve.mjs';

/** @returns the schema, as an object */
export function editorSchema(schema) {
  // A title of the whole would stand above the text of every key.
  const { title: _, ...whole } = schema;
  return { ...forEditors(schema, whole), $id: 'procs.editor.schema.json' };
}

function forEditors(schema, node) {
  if (Array.isArray(node)) return node.map((item) => forEditors(schema, item));
  if (node === null || typeof node !== 'object') return node;
  const copy = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, isText(key) ? value : forEditors(schema, value)]),
  );
  return withSnippet(schema, withoutMaps(copy));
}

/** Values of these keys are not schemas. */
const isText = (key) => ['examples', 'default', 'defaultSnippets', 'enum', 'x-expected'].includes(key);

/** Offered as a value, a map is called `[object Object]`; an empty default is no help. Such examples become text. */
function withoutMaps({ examples, default: value, ...node }) {
  if (isMap(value) || (Array.isArray(value) && value.length === 0)) value = undefined;
  const kept = Array.isArray(examples) ? examples.filter((example) => !isMap(example)) : examples;
  const maps = Array.isArray(examples) ? examples.filter(isMap).map((example) => `\`${flow(example)}\``) : [];
  return {
    ...node,
    ...(node.description && maps.length > 0 && { description: `${node.description} Example: ${maps.join(', ')}` }),
    ...(kept !== undefined && kept.length !== 0 && { examples: kept }),
    ...(value !== undefined && { default: value }),
  };
}

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** For a key whose value has declared keys, the server writes all their defaults; behind a union, it writes the snippet. */
function withSnippet(schema, node) {
  const { description, defaultSnippets, ...rest } = node;
  if (!Array.isArray(defaultSnippets) || defaultSnippets.length !== 1 || !resolved(schema, rest).properties)
    return node;
  // The text over the key may be taken from the branch.
  return { description, defaultSnippets, anyOf: [{ description, ...rest }] };
}
