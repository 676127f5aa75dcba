// Which commit wrote each line of a file, by `git blame`: for `orch config --explain`. A file that is not in git has none.
import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { runGit } from './run-git.ts';

/** `hash`: full. `date`: of the author, ISO 8601 with the offset of the author. */
export type LineCommit = { hash: string; date: string };
/** By line, from 1; null: the line is not committed. */
export type LineCommits = ReadonlyMap<number, LineCommit | null>;

/** A long history is not waited for. */
const TIMEOUT_MS = 10_000;
const MAX_RUNNING = 4;

/**
 * One `git blame` for each file, a few at a time.
 * @param paths absolute. @returns by path; without those that git does not know, or whose history takes too long to read.
 */
export async function readLineCommits(paths: readonly string[]): Promise<Map<string, LineCommits>> {
  const found = new Map<string, LineCommits>();
  const waiting = [...new Set(paths)];
  const work = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const commits = await blame(path);
      if (commits) found.set(path, commits);
    }
  };
  await Promise.all(Array.from({ length: MAX_RUNNING }, work));
  return found;
}

/** A symbolic link is followed: git would blame the line in which its target is written. */
async function blame(path: string): Promise<LineCommits | null> {
  const file = await realpath(path).catch(() => null); // gone meanwhile
  if (file === null) return null;
  const args = ['blame', '--porcelain', '--', basename(file)];
  const { exitCode, stdout } = await runGit(args, dirname(file), TIMEOUT_MS);
  return exitCode === 0 ? parseBlame(stdout.toString('utf8')) : null;
}

/** git-blame(1), "The porcelain format": the fields of a commit come with its first line only. */
export function parseBlame(text: string): LineCommits {
  const commits = new Map<string, LineCommit | null>();
  const lines = new Map<number, string>();
  const fields = { hash: '', seconds: 0 };
  for (const line of text.split('\n')) {
    const header = /^([0-9a-f]{40,64}) \d+ (\d+)/.exec(line);
    if (header) {
      fields.hash = header[1]!;
      lines.set(Number(header[2]), fields.hash);
    } else if (line.startsWith('author-time ')) fields.seconds = Number(line.slice('author-time '.length));
    else if (line.startsWith('author-tz ')) {
      const date = localTime(fields.seconds, line.slice('author-tz '.length));
      commits.set(fields.hash, /^0+$/.test(fields.hash) ? null : { hash: fields.hash, date });
    }
  }
  return new Map([...lines].map(([line, hash]) => [line, commits.get(hash) ?? null]));
}

/** @param zone `+0130` */
function localTime(seconds: number, zone: string): string {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(zone) ?? ['', '+', '00', '00'];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60);
  return `${new Date((seconds + offset) * 1000).toISOString().slice(0, 19)}${sign}${hours}:${minutes}`;
}
