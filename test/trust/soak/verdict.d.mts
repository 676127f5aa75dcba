// Types of verdict.mjs for the tests.
export const BOUNDS: Record<string, number>;
export function growthOf(name: string, samples: readonly Record<string, number | null>[]): string[];
export function faultsOfLines(id: string, text: string): string[];
