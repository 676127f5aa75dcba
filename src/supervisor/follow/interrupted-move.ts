// A move of the work tree that was interrupted: whether what lies there are only remains of it. Reads only.
import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type GitAnswer, runGit } from '../../config/files/run-git.ts';

export type InterruptedMove = {
  from: string;
  to: string;
  /** Of the work tree, relative to `top`: what differs from the commit that is checked out. */
  changed: readonly string[];
  top: string;
};

/** This many paths fit on a command line. */
const CHUNK = 200;
const TIMEOUT_MS = 60_000;

/** @returns the files with a content that neither commit has: a person has changed them since */
export async function unexplainedFiles({ from, to, changed, top }: InterruptedMove): Promise<string[]> {
  const git = (...args: string[]) => runGit(args, top, TIMEOUT_MS);
  const moved = namesIn(await git('diff', '--name-only', '-z', '--no-renames', '--no-relative', from, to));
  const foreign = changed.filter((name) => !moved.includes(name));
  for (let at = 0; at < moved.length; at += CHUNK) {
    const names = moved.slice(at, at + CHUNK);
    const [before, after] = await Promise.all([
      git('--literal-pathspecs', 'ls-tree', '-r', '-z', from, '--', ...names),
      git('--literal-pathspecs', 'ls-tree', '-r', '-z', to, '--', ...names),
    ]);
    const known = [hashesIn(before), hashesIn(after)];
    const files = names.filter((name) => isFileWithContent(join(top, name)));
    const found = files.length === 0 ? [] : linesOf(await git('hash-object', '--', ...files));
    const isKnown = (name: string, hash: string | undefined) => known.some((hashes) => hashes.get(name) === hash);
    foreign.push(...files.filter((name, index) => !isKnown(name, found[index])));
    const links = names.filter((name) => statOf(join(top, name))?.isSymbolicLink());
    foreign.push(...links.filter((name) => !isKnown(name, hashOfLink(readlinkSync(join(top, name)), from))));
  }
  return foreign;
}

const statOf = (path: string) => lstatSync(path, { throwIfNoEntry: false });

/** git creates a file before it writes it: an empty one loses nothing. A directory is that of a submodule. */
function isFileWithContent(path: string): boolean {
  const stat = statOf(path);
  return stat?.isFile() === true && stat.size > 0;
}

/** As git stores it: hash-object(1) follows links. @param commit tells which hash the repository uses */
function hashOfLink(target: string, commit: string): string {
  const header = `blob ${Buffer.byteLength(target)}\0`;
  return createHash(commit.length === 64 ? 'sha256' : 'sha1')
    .update(header + target)
    .digest('hex');
}

const namesIn = ({ stdout }: GitAnswer): string[] => stdout.toString('utf8').split('\0').filter(Boolean);
const linesOf = ({ stdout }: GitAnswer): string[] => stdout.toString('utf8').split('\n').filter(Boolean);

/** `MODE TYPE HASH<tab>PATH`. */
const hashesIn = (answer: GitAnswer): Map<string, string> =>
  new Map(namesIn(answer).map((entry) => [entry.slice(entry.indexOf('\t') + 1), entry.split(/[ \t]/)[2]!]));
