// Checks what a command printed against the fixed shapes in test/fixtures/contract.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';

const ajv = new Ajv({ allErrors: true, strict: false });

/** @param shape `ps`, `plan`, `event` or `error` */
export function expectShape(shape: 'ps' | 'plan' | 'event' | 'error', value: unknown): void {
  const schema = JSON.parse(
    readFileSync(new URL(`../fixtures/contract/${shape}.schema.json`, import.meta.url), 'utf8'),
  ) as object;
  if (ajv.validate(schema, value)) return;
  throw new Error(
    `not the shape of ${shape}: ${ajv.errorsText(ajv.errors, { separator: '\n' })}\n${JSON.stringify(value, null, 1)}`,
  );
}
