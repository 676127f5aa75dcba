// Ends a process tree where there is no /proc to sweep: by parent links, which lose what was reparented.
// On macOS the nonce sweep by `ps -E` comes on top; on Windows this is all there is.
import { execFile } from 'node:child_process';
import type { Platform } from '../host.ts';

/** The command that ends the tree of a pid, or null where tree-kill (by `ps` or `pgrep`) does it. */
export function treeKillCommand(pid: number, platform: Platform): { file: string; args: string[] } | null {
  if (platform !== 'win32') return null;
  return { file: 'taskkill', args: ['/PID', String(pid), '/T', '/F'] };
}

/** Resolves when the tool has ended; whether anything survived is for the next look at the processes to say. */
export async function foreignKillTree(pid: number, platform: Platform): Promise<void> {
  const command = treeKillCommand(pid, platform);
  if (command !== null) return await runQuietly(command.file, command.args);
  const { default: treeKill } = await import('tree-kill');
  await new Promise<void>((resolve) => treeKill(pid, 'SIGKILL', () => resolve()));
}

/** Fails when the process has gone meanwhile, which is what was wanted. */
function runQuietly(file: string, args: string[]): Promise<void> {
  return new Promise((resolve) => execFile(file, args, { windowsHide: true }, () => resolve()));
}
