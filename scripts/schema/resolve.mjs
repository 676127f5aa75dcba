// Walking the schema: references followed, descriptions next to them kept.

/** A node with its `$ref` followed; keys next to it win. */
export function resolved(schema, node) {
  if (!node.$ref) return node;
  const target = schema.definitions[definitionName(node)];
  const { $ref: _, ...others } = node;
  return { ...resolved(schema, target), ...others };
}

export const definitionName = (node) => node.$ref?.replace('#/definitions/', '');

/** The branches of a union; another node itself. */
export const branches = (schema, node) => {
  const whole = resolved(schema, node);
  return whole.anyOf ? whole.anyOf.map((branch) => resolved(schema, branch)) : [whole];
};

/** The branch that is a map with declared keys, or undefined. */
export const mapBranch = (schema, node) => branches(schema, node).find((branch) => branch.properties);
