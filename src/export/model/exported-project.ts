// A loaded configuration as the exporters read it: the services in the order of their dependencies, with the places of their
// keys, and their variables by where the values come from. Pure.
import { resolve } from 'node:path';
import type { BuiltConfig } from '../../config/build-config.ts';
import { effectiveTree } from '../../config/effective.ts';
import { envFileList, inheritsEnvFiles } from '../../config/files/env-files.ts';
import { isSecretKey } from '../../config/problem/masking.ts';
import type { Span } from '../../config/problem/source-file.ts';
import type { SERVICE_KEY_CLASSES } from '../../config/schema/change-classes.ts';
import { childOf, entriesOf, itemsOf, type Tree, textOf } from '../../config/tree/tree.ts';
import type { InstanceTemplate, ProjectConfig, SecretSource, ServiceSpec } from '../../core/spec.ts';

export type ServiceKey = keyof typeof SERVICE_KEY_CLASSES;
export type WrittenAt = { file: string; line: number };

/** Values of files and of secrets are never taken over: the other tool reads them where they are. */
export type ServiceVariables = {
  plain: [name: string, value: InstanceTemplate][];
  /** Absolute paths of those that exist; the later wins. */
  files: string[];
  /** All that are written, in the same order. */
  namedFiles: EnvFile[];
  /** Of `plain`, what a file sets as well. */
  overridden: string[];
  /** What a file sets, and the service does not have. */
  removed: string[];
  secrets: [name: string, source: SecretSource][];
  /** Named like a secret, with a value from the shell that runs the export: as it is written. */
  withheld: [name: string, written: string][];
};

/** @param isOptional whether it may be missing. `path` is absolute */
export type EnvFile = { path: string; isOptional: boolean };

export type ExportedService = {
  spec: ServiceSpec;
  /** How many services come before it, one after the other. */
  level: number;
  variables: ServiceVariables;
  /** The keys that are written, also under `defaults`. */
  written: ReadonlyMap<ServiceKey, WrittenAt>;
};

export type ExportedProject = {
  config: ProjectConfig;
  services: ExportedService[];
  leftOut: { service: ExportedService; reason: string }[];
  /** Keys of the file other than `services`. */
  written: ReadonlyMap<string, WrittenAt>;
  /** Log queues whose path is written: the files of others are orch's own. */
  filedQueues: ReadonlySet<string>;
} & ExportTarget;

/** What an export knows about the place where its files are used. */
export type ExportTarget = {
  /** Where the files will be; absolute. */
  directory: string;
  /** Absolute path of a program; null: it is not found. */
  findProgram(name: string, directory: string): string | null;
  /** Of containers: service, or '' for all others -> image. */
  images: Readonly<Record<string, string>>;
};

/** @param leavesOut why the format leaves out a service; null: it does not */
export function readExported(
  built: BuiltConfig,
  target: ExportTarget,
  leavesOut: (spec: ServiceSpec) => string | null,
): ExportedProject {
  const reasonAgainst = (spec: ServiceSpec): string | null =>
    spec.enabled ? leavesOut(spec) : 'it is not enabled, and left out';
  const { config } = built;
  const tree = effectiveTree(built, { defaults: false });
  const byName = new Map(config.services.map((spec) => [spec.name as string, spec]));
  const services = config.services.map((spec): ExportedService => {
    const own = childOf(childOf(tree, 'services'), spec.name);
    const original = childOf(childOf(built.tree, 'services'), spec.name);
    const written = new Map(entriesOf(own).map(({ key, keyAt, value }) => [key as ServiceKey, at(keyAt, value)]));
    for (const { key, keyAt, value } of entriesOf(original))
      if (key === 'env_files') written.set(key, at(keyAt, value));
    return { spec, level: levelOf(spec, byName), variables: variablesOf(spec, own, original, built), written };
  });
  const ordered = services.map((service, index) => ({ service, index }));
  ordered.sort((a, b) => a.service.level - b.service.level || a.index - b.index);
  const all = ordered.map(({ service }) => service);
  return {
    config,
    services: all.filter(({ spec }) => reasonAgainst(spec) === null),
    leftOut: all.flatMap((service) => {
      const reason = reasonAgainst(service.spec);
      return reason === null ? [] : [{ service, reason }];
    }),
    written: new Map(
      [...entriesOf(tree), ...entriesOf(built.tree).filter(({ key }) => key === 'env_files')]
        .filter(({ key }) => key !== 'services')
        .map(({ key, keyAt, value }) => [key, at(keyAt, value)]),
    ),
    filedQueues: new Set(
      entriesOf(childOf(built.tree, 'log_queues'))
        .filter(({ value }) => childOf(value, 'path') !== undefined)
        .map(({ key }) => key),
    ),
    ...target,
  };
}

/** A default of orch has no file: then the value decides. */
function at(keyAt: Span, value: Tree): WrittenAt {
  const { source, start } = keyAt.source.path === '' ? value.at : keyAt;
  return { file: source.display, line: source.locate(start).line };
}

const envFile = (written: string, root: string): EnvFile => ({
  path: resolve(root, written.replace(/^\?/, '')),
  isOptional: written.startsWith('?'),
});

/** The loader refuses circles. */
function levelOf(spec: ServiceSpec, byName: ReadonlyMap<string, ServiceSpec>): number {
  const levels = spec.dependsOn.map(({ service }) => {
    const other = byName.get(service);
    return other ? levelOf(other, byName) + 1 : 0;
  });
  return Math.max(0, ...levels);
}

function variablesOf(
  spec: ServiceSpec,
  own: Tree | undefined,
  original: Tree | undefined,
  { context, tree }: BuiltConfig,
): ServiceVariables {
  const isAlone = original !== undefined && !inheritsEnvFiles(original);
  const inherited = isAlone ? [] : [...context.projectFileEnv.values()];
  const lists = [isAlone ? undefined : childOf(tree, 'env_files'), envFileList(childOf(original, 'env_files'))];
  const entries = [...inherited, ...(context.serviceFileEnv.get(spec.name)?.values() ?? [])];
  const files = [...new Set(entries.map(({ at }) => at.source.path))];
  const inFiles = new Set(entries.map(({ name }) => name));
  const variables: ServiceVariables = {
    plain: [],
    files,
    namedFiles: lists.flatMap((list) => itemsOf(list).map((item) => envFile(textOf(item), context.root))),
    overridden: [],
    removed: [...inFiles].filter((name) => spec.env[name] === undefined && !(name === 'PORT' && spec.port !== null)),
    secrets: [],
    withheld: [],
  };
  for (const [name, value] of Object.entries(spec.env)) {
    const span = childOf(childOf(own, 'env'), name)?.at;
    if (typeof value !== 'string') variables.secrets.push([name, value.secret]);
    else if (span && files.includes(span.source.path)) continue;
    else if (span && isSecretKey(name) && /\$\{/.test(span.source.text.slice(span.start, span.end)))
      variables.withheld.push([name, span.source.text.slice(span.start, span.end)]);
    else {
      variables.plain.push([name, value]);
      if (inFiles.has(name)) variables.overridden.push(name);
    }
  }
  return variables;
}
