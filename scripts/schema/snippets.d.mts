// Types of the module of the same name.
export function snippetValue(body: unknown): unknown;
