// What a thrown error says: its code for decisions, one line of text for people.

/** `ENOENT` and the like of an error thrown by Node; `UNKNOWN` where it has none. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

/** @returns the message without a stack; never empty. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
