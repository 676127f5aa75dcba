// The process scan of systems without /proc: macOS and the BSDs show the environment of our own processes through
// `ps -E`; Windows shows none, so that nothing is found there and trees are ended by `taskkill /T`.
import { execFile } from 'node:child_process';
import type { Platform } from '../host.ts';
import { isDeadState } from './proc-stat.ts';
import type { ScannedProcess, Snapshot } from './process-scan.ts';

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export async function foreignSnapshot(platform: Platform): Promise<Snapshot> {
  if (platform === 'win32') return { carriers: [], others: [] };
  return parseProcessList(await listProcesses());
}

/** Lines of `ps -E -o pid=,pgid=,stat=,lstart=,command=`: command and environment run into one another. */
export function parseProcessList(text: string): Snapshot {
  const found = text.split('\n').flatMap((line) => parseProcessLine(line) ?? []);
  return {
    carriers: found.filter((member) => member.nonce !== null),
    others: found.filter((member) => member.nonce === null),
  };
}

function parseProcessLine(line: string): ScannedProcess | null {
  const words = line.trim().split(/\s+/);
  const [pid, pgid, state] = words as [string, string, string];
  if (words.length < 9 || isDeadState(state.charAt(0))) return null;
  const environment = Object.fromEntries(
    words.filter((word) => /^ORCH_[A-Z_]+=/.test(word)).map((word) => word.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;
  return {
    pid: Number(pid),
    startTime: words.slice(3, 8).join(' '),
    nonce: environment.ORCH_NONCE ?? null,
    sessionLeader: pid === pgid,
    environment,
    command: words[8] as string,
    session: Number(pgid),
  };
}

function listProcesses(): Promise<string> {
  const args = ['-A', '-ww', '-E', '-o', 'pid=,pgid=,stat=,lstart=,command='];
  const options = { maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve, reject) => {
    execFile('ps', args, options, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}
