// Pseudo-terminals come from a prebuilt native package that need not be there: it is optional, and not made for every system.
import { createRequire } from 'node:module';

export type Pty = {
  pid: number;
  onData(listener: (data: string) => void): void;
  onExit(listener: (end: { exitCode: number; signal?: number }) => void): void;
  write(data: string): void;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
};
type PtyOptions = { cols: number; rows: number; cwd: string; env: Record<string, string>; encoding: null };
type PtyLibrary = { spawn(file: string, args: string[], options: PtyOptions): Pty };

/** @throws where it cannot be loaded */
export function loadPty(): PtyLibrary {
  return createRequire(import.meta.url)('@lydell/node-pty') as PtyLibrary;
}
