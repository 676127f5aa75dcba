// Loads configurations from memory, for most tests of the loader.

import { posix } from 'node:path';
import type { FileSource } from '../../src/config/files/file-source.ts';
import { loadConfig, loadTree } from '../../src/config/load-config.ts';
import { formatProblems } from '../../src/config/problem/format-problems.ts';
import type { ProjectConfig, ServiceSpec } from '../../src/core/spec.ts';

type Options = { env?: string | null; environment?: Record<string, string> };
export type Files = string | Record<string, string>;

/** @param files text of procs.yaml, or texts by their path below the project. */
export function load(files: Files, { env = null, environment = {} }: Options = {}) {
  return loadConfig({ file: '/project/procs.yaml', env, environment, source: memorySource(files) });
}

export function loadWithTree(files: Files, { env = null, environment = {} }: Options = {}) {
  return loadTree({ file: '/project/procs.yaml', env, environment, source: memorySource(files) });
}

/** Fails with the problems as text when there are errors. */
export async function accept(files: Files, options: Options = {}): Promise<ProjectConfig> {
  const result = await load(files, options);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.accepted.config;
}

/** The only service, or the one named `api`. */
export async function acceptService(files: Files, options: Options = {}): Promise<ServiceSpec> {
  const { services } = await accept(files, options);
  return services.find(({ name }) => name === 'api') ?? services[0]!;
}

/** `code:line` of every problem; fails when it loads. */
export async function refuse(files: Files, options: Options = {}): Promise<string[]> {
  const result = await load(files, options);
  if (result.ok) throw new Error('it loads without a problem');
  return result.problems.map(({ code, line }) => `${code}:${line}`);
}

export function memorySource(files: Files): FileSource {
  const texts = typeof files === 'string' ? { 'procs.yaml': files } : files;
  return {
    read: async (path) => {
      const text = texts[posix.relative('/project', path)];
      return text === undefined ? { kind: 'missing' } : { kind: 'bytes', bytes: Buffer.from(text) };
    },
    list: async (directory) => {
      const below = Object.keys(texts).map((name) => posix.relative(directory, posix.join('/project', name)));
      const entries = below.filter((name) => !name.startsWith('../')).map((name) => name.replace(/\/.*/, '/'));
      return [...new Set(entries)];
    },
    resolve: async (directory) => directory,
  };
}
