// Walking the schema: references followed, descriptions beside them kept.

/** A node with its `$ref` followed; keys beside it win. */
export function resolved(schema, node) {
  if (!node.$ref) return node;
  const target = schema.definitions[definitionName(node)];
  const { $ref: _, ...beside } = node;
  return { ...resolved(schema, target), ...beside };
}

export const definitionName = (node) => node.$ref?.replace('#/definitions/', '');

/** The branches of a union; of anything else itself. */
export const branches = (schema, node) => {
  const whole = resolved(schema, node);
  return whole.anyOf ? whole.anyOf.map((branch) => resolved(schema, branch)) : [whole];
};

/** The branch that is a map with declared keys, or undefined. */
export const mapBranch = (schema, node) => branches(schema, node).find((branch) => branch.properties);
