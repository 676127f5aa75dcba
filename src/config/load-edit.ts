// An edit of a few services -> the configuration, without reading all others again. Gives up at any doubt: the whole file is then
// read. A test compares the two on random edits. Runs within the supervisor, so it takes only small, plain text.
import { createHash } from 'node:crypto';
import type { AcceptedConfig } from '../core/load-result.ts';
import type { ProjectConfig, ServiceSpec } from '../core/spec.ts';
import { diskSource, type FileSource } from './files/file-source.ts';
import { type LoadRequest, loadConfig } from './load-config.ts';
import { SourceFile } from './problem/source-file.ts';
import { readFastYaml } from './yaml/fast-yaml.ts';
import { prescan } from './yaml/parse-yaml.ts';
import { type SplitFile, splitServices } from './yaml/split-services.ts';

/** What was read before: the text of procs.yaml, split, and what came of it. */
export type EditBase = { split: SplitFile; accepted: AcceptedConfig };

const MAX_CHARS = 512 * 1024;
/** Services to read again: those that changed, and those that they name or that name them. */
const MAX_READ = 64;
const MAX_READ_CHARS = 64 * 1024;
/** Each may be filled in with a value of 128 KiB. */
const MAX_VARIABLES = 100;
/** Top-level keys that lead to other files, or to variables that grow. */
const FAR_REACHING = /^["']?(?:include|env_files|vars)["']?\s*:/m;
/** Keys of a service that concern others as well, or make several services of it. */
const SHARED_KEYS = /^\s*["']?(?:variants|env_files|port|listen|singleton)["']?\s*:/m;

/** @returns null where edits of this configuration need the whole file */
export function editBase(text: string, accepted: AcceptedConfig): EditBase | null {
  const { config, warnings, watched, files } = accepted;
  const isAlone = files.length === 1 && watched.filter(({ contentHash }) => contentHash !== null).length === 1;
  if (!isAlone || warnings.length > 0 || text.length > MAX_CHARS || watched.some(({ names }) => names !== undefined))
    return null;
  const split = splitServices(text);
  if (!split || FAR_REACHING.test(split.before) || FAR_REACHING.test(split.after)) return null;
  if (config.logQueues.some(({ sink }) => sink !== null)) return null;
  const isSame = [...split.blocks.keys()].join(' ') === config.services.map(({ name }) => name).join(' ');
  return isSame && isPlain(text) ? { split, accepted } : null;
}

/** @param text of procs.yaml now. @returns null where the whole file must be read: it may also be wrong */
export async function loadEdit(base: EditBase, text: string, request: LoadRequest): Promise<EditBase | null> {
  const split = text.length > MAX_CHARS || text.includes('\ufeff') ? null : splitServices(text);
  if (split === null || split.before !== base.split.before || split.after !== base.split.after) return null;
  const read = servicesToRead(base.split.blocks, split.blocks);
  if (read === null) return null;
  const part = `${split.before}${[...split.blocks].map(([name, block]) => (read.has(name) ? block : '')).join('')}${split.after}`;
  if (part.length > MAX_READ_CHARS || part.split('$').length > MAX_VARIABLES || !isPlain(part)) return null;
  const result = await loadConfig({ ...request, source: withText(request.file, part) });
  if (!result.ok || result.accepted.warnings.length > 0) return null;
  const accepted = combine(base, split, result.accepted, hashOf(text));
  return accepted && { split, accepted };
}

/** The library reads other text; it is large, and not made for hostile text. */
function isPlain(text: string): boolean {
  const source = new SourceFile('', '', text);
  return prescan(source).length === 0 && readFastYaml(source) !== null;
}

function servicesToRead(before: SplitFile['blocks'], now: SplitFile['blocks']): Set<string> | null {
  const changed = [...now].filter(([name, block]) => before.get(name) !== block).map(([name]) => name);
  const removed = [...before.keys()].filter((name) => !now.has(name));
  const touched = [...changed, ...removed];
  const isShared = touched.some((name) => SHARED_KEYS.test(`${before.get(name) ?? ''}${now.get(name) ?? ''}`));
  const [first] = now.keys();
  if (first === undefined || touched.length === 0 || touched.length > MAX_READ || isShared) return null;
  // A part without a service would not be valid.
  const read = new Set(changed.length > 0 ? changed : [first]);
  for (const [name, block] of now) {
    if (!names(bodyOf(block), touched)) continue;
    if (!read.has(name) && names(bodyOf(block), removed)) return null;
    read.add(name);
  }
  for (const name of read) {
    if (read.size > MAX_READ) return null;
    for (const [word] of now.get(name)!.matchAll(WORD)) if (now.has(word)) read.add(word);
  }
  return read;
}

const WORD = /[a-z0-9][a-z0-9_-]*/g;
const bodyOf = (block: string): string => block.slice(block.indexOf(':'));

/** Whether the text has one of the names as a word. */
function names(text: string, wanted: readonly string[]): boolean {
  return wanted.some((name) => {
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      if (!isOfWord(text[at - 1]) && !isOfWord(text[at + name.length])) return true;
    }
    return false;
  });
}

const isOfWord = (character: string | undefined): boolean => character !== undefined && /[a-z0-9_-]/.test(character);

function withText(file: string, text: string): FileSource {
  const bytes = Buffer.from(text);
  const name = file.slice(file.lastIndexOf('/') + 1);
  const isIt = (path: string): boolean => path.endsWith(`/${name}`);
  return { ...diskSource, read: async (path) => (isIt(path) ? { kind: 'bytes', bytes } : diskSource.read(path)) };
}

/** @returns null where the parts do not fit */
function combine(base: EditBase, split: SplitFile, part: AcceptedConfig, hash: string): AcceptedConfig | null {
  const { config, watched, files } = base.accepted;
  const isSameFrame = JSON.stringify(frameOf(part.config)) === JSON.stringify(frameOf(config));
  if (!isSameFrame || part.files.join() !== files.join() || !isSameWatched(part, base.accepted)) return null;
  const former = new Map<string, ServiceSpec>(config.services.map((spec) => [spec.name, spec]));
  const read = new Map<string, ServiceSpec>(part.config.services.map((spec) => [spec.name, spec]));
  const services: ServiceSpec[] = [];
  for (const [name, block] of split.blocks) {
    const [was, now] = [former.get(name), read.get(name)];
    const isUnchanged = base.split.blocks.get(name) === block;
    if (isUnchanged && was && (!now || JSON.stringify(now) === JSON.stringify(was))) services.push(was);
    else if (!isUnchanged && now && isAlone(now) && (!was || isAlone(was))) services.push(now);
    else return null;
  }
  const content = watched.map((file) => (file.contentHash === null ? file : { ...file, contentHash: hash }));
  return { config: { ...config, services }, watched: content, files, warnings: [] };
}

const frameOf = ({ services: _, ...frame }: ProjectConfig): object => frame;

/** The content of the one file is another one. */
function isSameWatched(part: AcceptedConfig, whole: AcceptedConfig): boolean {
  const lookedFor = ({ watched }: AcceptedConfig): string =>
    watched.map(({ path, contentHash }) => `${path} ${contentHash !== null}`).join('\n');
  return lookedFor(part) === lookedFor(whole);
}

/** It has nothing that only one service may have. */
const isAlone = ({ port, listen, singleton }: ServiceSpec): boolean =>
  port === null && listen.length === 0 && singleton === null;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
