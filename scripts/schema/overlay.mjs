// The schema for editors -> the one for overlays and included files: the same keys, and `null` removes any of them.

/** @returns the text of schema/procs.overlay.schema.json */
export function overlaySchema(schema) {
  const description = `An overlay \`procs.<env>.yaml\` or an included file. ${schema.description}`;
  const whole = { ...nullable(schema), $id: 'procs.overlay.schema.json', description };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

function nullable(node) {
  if (Array.isArray(node)) return node.map(nullable);
  if (node === null || typeof node !== 'object') return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, nullable(value)]));
  if (isMapOfSchemas(node.properties)) {
    copy.properties = Object.fromEntries(Object.entries(copy.properties).map(([key, value]) => [key, orNull(value)]));
  }
  if (isMapOfSchemas(node.additionalProperties)) copy.additionalProperties = orNull(copy.additionalProperties);
  return copy;
}

const isMapOfSchemas = (node) => node !== null && typeof node === 'object';

function orNull(node) {
  const { description, defaultSnippets, ...rest } = node;
  const shown = { ...(description && { description }), ...(defaultSnippets && { defaultSnippets }) };
  const isUnion = Object.keys(rest).length === 1 && rest.anyOf;
  return { ...shown, anyOf: [...(isUnion ? rest.anyOf : [rest]), { type: 'null' }] };
}
