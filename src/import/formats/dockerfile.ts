// The last stage of a Dockerfile: the program that a container of it runs. Reads only what a program of this machine needs.
import { posix } from 'node:path';
import { nodeAt, type SourceNode, textOf } from '../source/source-node.ts';
import { literal } from '../text/variables.ts';

export type DockerfileProgram = {
  /** CMD with ENTRYPOINT; null without any. A string is a line for the shell. */
  command: string | string[] | null;
  entrypoint: string[] | null;
  workdir: string | null;
  env: Record<string, string>;
};

/** @returns null if there is none */
export function readDockerfile(
  build: SourceNode,
  context: string,
  read: (file: string) => string | null,
): DockerfileProgram | null {
  const inline = textOf(nodeAt(build, 'dockerfile_inline'));
  const text = inline || read(posix.join(context, textOf(nodeAt(build, 'dockerfile')) || 'Dockerfile'));
  if (text === null) return null;
  const target = textOf(nodeAt(build, 'target'));
  let stage = '';
  let found: DockerfileProgram = empty();
  for (const line of text.replace(/\\\s*\n/g, ' ').split('\n')) {
    const [, word, rest] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    if (!word || rest === undefined) continue;
    switch (word.toUpperCase()) {
      case 'FROM':
        if (target !== '' && stage === target) return found;
        stage = /\bas\s+(\S+)/i.exec(rest)?.[1] ?? '';
        found = empty();
        break;
      case 'WORKDIR':
        found.workdir = posix.resolve(found.workdir ?? '/', rest.trim());
        break;
      case 'ENV':
        Object.assign(found.env, readEnv(rest));
        break;
      case 'ENTRYPOINT':
        found.entrypoint = toWords(rest);
        break;
      case 'CMD':
        found.command = readCommand(rest);
        break;
    }
  }
  return withEntrypoint(found);
}

const empty = (): DockerfileProgram => ({ command: null, entrypoint: null, workdir: null, env: {} });

function readCommand(text: string): string | string[] {
  const words = readJsonWords(text);
  return words ? words.map(literal) : text.trim();
}

const toWords = (text: string): string[] =>
  readJsonWords(text)?.map(literal) ?? ['/bin/sh', '-c', literal(text.trim())];

function withEntrypoint(found: DockerfileProgram): DockerfileProgram {
  const { entrypoint, command } = found;
  if (entrypoint === null) return found;
  return { ...found, command: [...entrypoint, ...(Array.isArray(command) ? command : [])] };
}

function readJsonWords(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text.trim());
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : null;
  } catch {
    return null; // the shell form
  }
}

/** `A=1 B="two words"`, and the old form `A value`. */
function readEnv(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)/g)];
  const plain = pairs.map(([, name, value]) => [name!, value!.replace(/^(["'])(.*)\1$/, '$2')] as const);
  // PATH and values with variables are about the image.
  if (plain.length > 0)
    return Object.fromEntries(plain.filter(([name, value]) => name !== 'PATH' && !value.includes('$')));
  const [, name, value] = /^([A-Za-z_]\w*)\s+(.*)$/.exec(text) ?? [];
  return name && name !== 'PATH' && !value!.includes('$') ? { [name]: value! } : {};
}
