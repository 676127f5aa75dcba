// The keys of a container in `services` of a compose file.
import type { Dependency, ServiceSpec } from '../../core/spec.ts';
import type { Plain, PlainMap } from '../../import/model/plain.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import { fillText, type InstanceWords, knownWords } from '../text/instance-text.ts';
import { isSimpleLine, shellLine, shellWord } from '../text/shell-line.ts';
import { namedWords } from '../text/start-variables.ts';
import {
  type Container,
  composeSize,
  composeText,
  composeTime,
  containersOf,
  fromFile,
  inContainer,
  isInProject,
  mountOf,
  profilesOf,
} from './compose-containers.ts';
import { askedValues, fileSecrets, type SecretNames } from './compose-secrets.ts';
import { hasHealthcheck, healthcheckOf } from './container-healthcheck.ts';

export function serviceKeys(
  service: ExportedService,
  { number }: Container,
  project: ExportedProject,
  secrets: SecretNames,
): PlainMap {
  const { spec } = service;
  const words = knownWords(spec, project.config, number);
  const directory = fillText(spec.cwd, words, (text) => text);
  const { restart, stop, limits } = spec;
  const profiles = profilesOf(spec);
  const secretNames = fileSecrets(service).map(([, path]) => secrets.get(path)!);
  const healthcheck = healthcheckOf(spec, words);
  const keys: Record<string, Plain | null> = {
    // Reaps what a program leaves behind, and lets a signal end a program that has no handler for it.
    init: true,
    network_mode: 'host',
    volumes: [project.config.root, ...(isInProject(directory, project) ? [] : [directory])].map((one) =>
      mountOf(one, project),
    ),
    user: userOf(spec),
    entrypoint: entrypointOf(service, words, secrets).map((text) => inCompose(text, project)),
    working_dir: inCompose(directory, project),
    environment: environmentOf(service, words, project),
    env_file: service.variables.namedFiles.map(({ path, isOptional }) =>
      isOptional ? { path: fromFile(path, project), required: false } : fromFile(path, project),
    ),
    secrets: [...new Set(secretNames)],
    profiles,
    depends_on: dependenciesOf(spec, project),
    healthcheck: healthcheck && mapTexts(healthcheck, (text) => inCompose(text, project)),
    restart: spec.schedule ? null : restartOf(restart),
    deploy: number === null || spec.pool === 0 ? { replicas: spec.pool } : null,
    stop_signal: stop.signal === 'SIGTERM' ? null : stop.signal,
    stop_grace_period: stop.graceMs === DOCKER_GRACE_MS ? null : composeTime(stop.graceMs),
    pre_stop: stop.drain?.by.kind === 'exec' ? [{ command: hookWords(stop.drain.by.command, words, project) }] : [],
    post_start: spec.hooks.afterReady ? [{ command: hookWords(spec.hooks.afterReady, words, project) }] : [],
    mem_limit: limits.memory ? composeSize(limits.memory.maxBytes) : null,
    ulimits: limits.nofile === null ? null : { nofile: limits.nofile },
    tty: spec.tty || null,
    stdin_open: spec.tty || spec.stdin || null,
    logging: loggingOf(spec, project),
    develop: watchOf(spec, project),
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => !isEmpty(value))) as PlainMap;
}

const DOCKER_GRACE_MS = 10_000;
const isEmpty = (value: Plain): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);

const inCompose = (text: string, project: ExportedProject): string => composeText(inContainer(text, project));

const mapTexts = (map: PlainMap, change: (text: string) => string): PlainMap =>
  Object.fromEntries(
    Object.entries(map).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map((item) => change(String(item))) : value,
    ]),
  );

/** By number, as the mounted files have them: the image may have other names. */
const userOf = ({ user, group }: ServiceSpec): string | null =>
  user === null ? null : `${user.uid}:${group?.gid ?? user.gid}`;

/** `entrypoint` and not `command`, which the entrypoint of an image would get as arguments. */
function entrypointOf({ spec, variables }: ExportedService, words: InstanceWords, secrets: SecretNames): string[] {
  const { command, hooks } = spec;
  const exports = fileSecrets({ variables }).map(([name, path]): [string, string] => [
    name,
    `"$(cat ${shellWord(`/run/secrets/${secrets.get(path)}`)})"`,
  ]);
  if (exports.length === 0 && hooks.beforeStart === null)
    return command.kind === 'argv'
      ? command.argv.map((word) => fillText(word, words, (text) => text))
      : ['/bin/sh', '-c', isSimpleLine(command.line.trim()) ? `exec ${command.line.trim()}` : command.line.trim()];
  const quoted = Object.fromEntries(Object.entries(words).map(([name, value]) => [name, shellWord(value)]));
  return ['/bin/sh', '-c', shellLine(command, quoted, { exports, before: hooks.beforeStart })];
}

function hookWords(command: ServiceSpec['command'], words: InstanceWords, project: ExportedProject): string[] {
  const argv =
    command.kind === 'shell'
      ? ['/bin/sh', '-c', command.line.trim()]
      : command.argv.map((word) => fillText(word, words, (text) => text));
  return argv.map((text) => inCompose(text, project));
}

function environmentOf({ spec, variables }: ExportedService, words: InstanceWords, project: ExportedProject): PlainMap {
  const plain = variables.plain
    .filter(([name]) => name !== 'PORT' || spec.port === null)
    .map(([name, value]) => [name, fillText(value, words, (text) => text)] as const);
  const isGroup = spec.stop.to === 'tree' || hasSeveralPrograms(spec);
  return {
    ...Object.fromEntries(
      [...namedWords(spec, words), ...plain].map(([name, value]) => [name, inCompose(value, project)]),
    ),
    // Without a value: docker compose takes that of its own environment, or removes the variable.
    ...Object.fromEntries(variables.removed.map((name) => [name, null])),
    ...Object.fromEntries(askedValues(variables, words)),
    ...(isGroup ? { TINI_KILL_PROCESS_GROUP: '1' } : {}),
  };
}

/** A shell that stays in front of them would end without them: `init` signals all. */
export const hasSeveralPrograms = ({ command }: ServiceSpec): boolean =>
  command.kind === 'shell' && !isSimpleLine(command.line.trim());

function dependenciesOf(spec: ServiceSpec, project: ExportedProject): Plain {
  const entries = spec.dependsOn.flatMap((dependency) => {
    const other = project.services.find((one) => one.spec.name === dependency.service)?.spec;
    if (!other) return [];
    return containersOf(other).map(({ name }): [string, PlainMap] => [name, dependencyOf(dependency, spec, other)]);
  });
  const isPlain = entries.every(
    ([, value]) => value.condition === 'service_started' && Object.keys(value).length === 1,
  );
  return isPlain ? entries.map(([name]) => name) : Object.fromEntries(entries);
}

function dependencyOf(dependency: Dependency, spec: ServiceSpec, other: ServiceSpec): PlainMap {
  const { condition, required, onLoss } = dependency;
  const isOptional = required === false || condition === 'ended' || isLeftOut(other, spec);
  return {
    condition:
      condition === 'completed' || condition === 'ended'
        ? 'service_completed_successfully'
        : condition === 'ready' && hasHealthcheck(other)
          ? 'service_healthy'
          : 'service_started',
    ...(onLoss === 'restart' ? { restart: true } : {}),
    ...(isOptional ? { required: false } : {}),
  };
}

/** Where a profile that is not chosen leaves out the one, but not the other, docker compose would refuse the file. */
export function isLeftOut(other: ServiceSpec, spec: ServiceSpec): boolean {
  const profiles = profilesOf(other);
  const own = profilesOf(spec);
  return profiles.length > 0 && (own.length === 0 || !own.every((profile) => profiles.includes(profile)));
}

function restartOf({ policy, limit }: ServiceSpec['restart']): string | null {
  switch (policy) {
    case 'never':
      return null;
    case 'always':
      return 'unless-stopped';
    case 'on_failure':
      return limit === null ? 'on-failure' : `on-failure:${limit.count}`;
  }
}

/** Without a limit docker keeps every line for as long as the container exists. */
function loggingOf({ logQueue }: ServiceSpec, { config }: ExportedProject): PlainMap | null {
  const queue = config.logQueues.find(({ name }) => name === logQueue);
  if (!queue || queue.sink !== null || queue.rotate.sizeBytes === 0) return null;
  const { sizeBytes, keep } = queue.rotate;
  return { driver: 'json-file', options: { 'max-size': composeSize(sizeBytes), 'max-file': String(keep + 1) } };
}

/** The directories before the first wildcard. */
function watchOf({ watch }: ServiceSpec, { config: { root }, ...project }: ExportedProject): PlainMap | null {
  if (watch?.action.kind !== 'restart') return null;
  const paths = [...new Set(watch.paths.map((path) => path.replace(/(?:^|\/)[^/]*[*?[{!].*$/, '') || '.'))];
  return {
    watch: paths.map((path) => ({
      action: 'restart',
      path: fromFile(`${root}/${path === '.' ? '' : path}`, { config: { root }, ...project } as ExportedProject),
      ...(watch.ignore.length > 0 ? { ignore: watch.ignore } : {}),
    })),
  };
}
