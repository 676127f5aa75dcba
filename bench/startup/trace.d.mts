// Types of trace.mjs for the tests.
/** ms since the command was started; null: not seen. `starts`: programs so far. Null: nothing has begun. */
export function stagesIn(text: string, program: string): Record<string, number | null> | null;
