// One line for people from whatever was thrown.

/** @returns the message without a stack; never empty. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
