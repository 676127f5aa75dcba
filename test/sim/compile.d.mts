export function compile(entry: string): Promise<string>;
export function put(name: string, text: string): string;
export function forget(): void;
export const REPLAY_FLAGS: readonly string[];
