// Shape of the generated validator: ajv's standalone function with `verbose` errors.
export type SchemaError = {
  instancePath: string;
  schemaPath: string;
  keyword: string;
  params: Record<string, unknown>;
  schema: unknown;
  parentSchema: Record<string, unknown>;
  data: unknown;
  propertyName?: string;
};
export declare const validate: {
  (document: unknown): boolean;
  errors: SchemaError[] | null;
};
