// How a service of a compose file is run: as a program of this machine, or as a container by docker.
import { posix } from 'node:path';
import { fromSource } from '../model/import-context.ts';
import type { Plain, PlainMap } from '../model/plain.ts';
import { nodeAt, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { quoteWord, wordsOf } from '../text/shell-words.ts';
import { literal, toTemplate } from '../text/variables.ts';
import type { ComposeFile } from './compose-file.ts';
import { readDockerfile } from './dockerfile.ts';

export type ComposeProgram = {
  /** `container`: docker compose runs it, with all keys that only a container has. */
  kind: 'program' | 'container';
  command: Plain;
  cwd: string | null;
  env: PlainMap;
  /** A comment for the service, or null. */
  note: string | null;
};

/** Programs that an image contains and this machine may have, too. */
const INTERPRETERS =
  /^(node|npm|npx|yarn|pnpm|bun|deno|tsx|python3?|pip|uv|poetry|flask|django-admin|gunicorn|uvicorn|celery|ruby|bundle|rails|rake|puma|php|composer|java|mvn|gradle|go|air|cargo|dotnet|mix|iex|elixir|make|sh|bash|\/bin\/(ba)?sh|\/usr\/bin\/env|\.{0,2}\/.*)$/;

export function findProgram(node: SourceNode, compose: ComposeFile): ComposeProgram {
  const build = nodeAt(node, 'build');
  const image = textOf(nodeAt(node, 'image'));
  const entrypoint = nodeAt(node, 'entrypoint');
  const command = nodeAt(node, 'command');
  const words = [...commandWords(entrypoint), ...commandWords(command)];
  const context = build ? fromSource(compose.file, textOf(nodeAt(build, 'context')) || textOf(build) || '.') : null;
  const dockerfile = build ? readDockerfile(build, context!, compose.context.read) : null;
  const first = words[0] ?? '';
  const isMounted = words.length > 0 && isInMount(node);
  if (image !== '' && !build && !isMounted && !isOwnProgram(first, image)) return toContainer(node.key, compose);
  if (words.length === 0 && !dockerfile?.command) return toContainer(node.key, compose);
  if (isInImage([...(dockerfile?.entrypoint ?? []), ...words, ...listOf(dockerfile?.command)][0] ?? ''))
    return toContainer(node.key, compose);
  const isArguments = dockerfile?.entrypoint && !entrypoint;
  const cwd = directoryOf(node, dockerfile?.workdir ?? null, context, compose);
  const env = Object.fromEntries(Object.entries(dockerfile?.env ?? {}).map(([name, value]) => [name, literal(value)]));
  const shared = { kind: 'program' as const, cwd, env, note: null };
  if (words.length === 0) return { ...shared, command: dockerfile!.command! };
  if (isArguments) return { ...shared, command: [...dockerfile.entrypoint!, ...expandWords(words, compose)] };
  // A string is split into words without a shell; as a line for the shell it reads better, and is the same without operators.
  if (command?.kind === 'scalar' && !entrypoint)
    return { ...shared, command: textOf(command).trim().replaceAll('$$', '$') };
  return { ...shared, command: expandWords(words, compose) };
}

const listOf = (command: string | string[] | null | undefined): string[] => [command ?? []].flat();

/** Absolute paths are those of the container, but for what every system has. */
const isInImage = (word: string): boolean => /^\/(?!bin\/|usr\/bin\/)/.test(word);

/** The program starts in a directory of this machine, such as `.:/app` with `working_dir: /app`. */
function isInMount(node: SourceNode): boolean {
  const directory = textOf(nodeAt(node, 'working_dir'));
  return (
    directory !== '' &&
    mountsOf(node).some(({ source, target }) => source.startsWith('.') && `${directory}/`.startsWith(`${target}/`))
  );
}

/** Of `command: -c max_connections=200` the program is in the image. */
function isOwnProgram(first: string, image: string): boolean {
  if (first === '' || first.startsWith('-')) return false;
  const name = posix.basename(image.replace(/[:@].*$/, ''));
  return INTERPRETERS.test(first) || (first.startsWith(`${name}-`) && first !== name) || first === `${name}d`;
}

function toContainer(name: string, { file }: ComposeFile): ComposeProgram {
  const isUsual = /^(docker-)?compose\.ya?ml$/.test(file);
  const docker = ['docker', 'compose', ...(isUsual ? [] : ['-f', file])];
  return {
    kind: 'container',
    command: [...docker, 'up', '--no-deps', '--no-log-prefix', name].map(quoteWord).join(' '),
    cwd: null,
    env: {},
    note: `a container: docker runs it as ${file} says`,
  };
}

export function commandWords(node: SourceNode | undefined): string[] {
  return node?.kind === 'list' ? textsOf(node) : wordsOf(textOf(node));
}

const expandWords = (words: string[], { known }: ComposeFile): string[] =>
  words.map((word) => toTemplate(word, { known }).text);

/** The directory of the container is one of this machine where a volume says so. */
function directoryOf(
  node: SourceNode,
  workdir: string | null,
  context: string | null,
  compose: ComposeFile,
): string | null {
  const directory = textOf(nodeAt(node, 'working_dir')) || workdir;
  for (const { source, target } of mountsOf(node)) {
    if (!directory || !/^[./~]/.test(source)) continue;
    const inside = posix.relative(target, directory);
    if (!inside.startsWith('..') && !posix.isAbsolute(inside))
      return tidyPath(posix.join(fromSource(compose.file, source), inside));
  }
  return context === null ? null : tidyPath(context);
}

const tidyPath = (path: string): string => posix.normalize(path).replace(/\/$/, '') || '.';

export function mountsOf(node: SourceNode): { source: string; target: string }[] {
  const volumes = nodeAt(node, 'volumes');
  return (volumes?.kind === 'list' ? volumes.items : []).flatMap((item) => {
    if (item.kind === 'map')
      return [{ source: textOf(nodeAt(item, 'source')), target: textOf(nodeAt(item, 'target')) }];
    const [source, target] = textOf(item).split(':');
    return target === undefined ? [] : [{ source: source!, target }];
  });
}
