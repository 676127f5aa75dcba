// Last steps for every format: valid names, dependencies on what was imported, and what all services share as defaults.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { isDeepStrictEqual } from 'node:util';

import { toServiceNames } from '../text/names.ts';
import { addGroup } from './account-keys.ts';
import { fitValues } from './fit-values.ts';
import { nearly, notCarried } from './loss-findings.ts';
import { isPlainMap, type Plain, type PlainMap } from './plain.ts';
import type { ProjectDraft, ServiceDraft } from './project-draft.ts';

/** Keys that a person writes once when all services have the same. */
const SHARED_KEYS = ['restart', 'on_end', 'on_failure', 'ready_after', 'tty', 'user', 'log_queue'];

export function finishProject(project: ProjectDraft): void {
  fitValues(project);
  const renamed = fitNames(project);
  for (const service of project.services) {
    fitDependencies(project, service, renamed);
    fitProbes(project, service);
    if (service.keys.schedule !== undefined) fitSchedule(project, service);
    fitUser(project, service);
    addGroup(service);
    dropDefaults(service);
  }
  startDependencies(project);
  nameQueues(project);
  shareDefaults(project);
}

/** A service that others need is started with them, also where the source leaves it to a person. */
function startDependencies({ services }: ProjectDraft): void {
  const needed = new Set(
    services.filter(({ keys }) => keys.start !== 'manual').flatMap((service) => Object.keys(service.map('depends_on'))),
  );
  for (const service of services)
    if (needed.has(service.name) && service.keys.start === 'manual') service.remove('start');
}

/** Services and streams with the same file share a queue, since two queues may not write to one file. */
function nameQueues(project: ProjectDraft): void {
  if (project.queue?.path !== undefined) project.merge('log_queues', { default: project.queue });
  const written = project.services.flatMap((service) => writtenQueues(service).map((one) => ({ service, ...one })));
  const byPath = new Map<Plain, string>();
  for (const { service, key, suffix, queue } of written) {
    const path = queue.path!;
    if (written.filter((other) => other.queue.path === path).length === 1) {
      service.set(key, queue);
      continue;
    }
    const name = byPath.get(path) ?? service.name + suffix;
    if (!byPath.has(path)) project.merge('log_queues', { [name]: queue });
    byPath.set(path, name);
    project.noteMove({ to: ['log_queues', name], services: [service], key: [key] });
    service.set(key, name);
  }
}

type WrittenQueue = { key: 'log_queue' | 'stderr_queue'; suffix: string; queue: PlainMap };

function writtenQueues({ queue, errQueue }: ServiceDraft): WrittenQueue[] {
  const written: WrittenQueue[] = [];
  if (queue?.path !== undefined) written.push({ key: 'log_queue', suffix: '', queue });
  if (errQueue?.path !== undefined && errQueue.path !== queue?.path) {
    const format = queue?.format ?? 'raw';
    written.push({ key: 'stderr_queue', suffix: '-stderr', queue: { path: errQueue.path, format, ...errQueue } });
  }
  return written;
}

/** @returns name in the source -> name here */
function fitNames(project: ProjectDraft): Map<string, string> {
  const names = toServiceNames(project.services.map(({ name }) => name));
  const renamed = new Map<string, string>();
  for (const [index, service] of project.services.entries()) {
    const name = names[index]!;
    if (!renamed.has(service.name)) renamed.set(service.name, name);
    if (name !== service.name) {
      service.set('title', service.name);
      if (service.origin) project.findings.add(service.origin, undefined);
    }
    service.name = name;
  }
  return renamed;
}

function fitDependencies(project: ProjectDraft, service: ServiceDraft, renamed: Map<string, string>): void {
  const depends = service.keys.depends_on;
  if (!isPlainMap(depends)) return;
  const kept: PlainMap = {};
  for (const [on, condition] of Object.entries(depends)) {
    const name = renamed.get(on);
    if (name !== undefined && name !== service.name) kept[name] = condition;
    else if (service.origin)
      project.findings.addAt(
        `${service.origin.path}.depends_on.${on}`,
        service.origin.at,
        notCarried(`${on} is not imported`),
      );
  }
  if (Object.keys(kept).length > 0) service.keys.depends_on = kept;
  else service.remove('depends_on');
}

/** Terminal and notify socket belong to the user of orch itself. */
function fitUser({ findings }: ProjectDraft, service: ServiceDraft): void {
  const isNotified = ['readiness', 'liveness'].some((key) => service.map(key).notify !== undefined);
  if (service.keys.user === undefined || (service.keys.tty !== true && !isNotified)) return;
  service.remove('user');
  if (!service.origin) return;
  const because = `\`${isNotified ? 'notify' : 'tty'}\` does not go with \`user\`: the program runs as orch does`;
  findings.addAt(`${service.origin.path}.user`, service.origin.at, nearly(because));
}

/** A run at given times is a task, and its end is not that of the project. */
function fitSchedule({ findings }: ProjectDraft, service: ServiceDraft): void {
  const { cron, every, at_start, ...others } = service.map('schedule');
  if (typeof service.keys.schedule === 'object' && cron === undefined && every === undefined) {
    // Once, at the start: that is what a task does.
    service.remove('schedule');
    return;
  }
  if (cron !== undefined && every !== undefined) {
    service.set('schedule', { cron, ...(at_start !== undefined && { at_start }), ...others });
    if (service.origin)
      findings.addAt(`${service.origin.path}.every`, service.origin.at, notCarried('`cron` wins over an interval'));
  }
  for (const key of ['on_end', 'on_failure']) {
    if (service.keys[key] === undefined) continue;
    service.remove(key);
    if (service.origin)
      findings.addAt(`${service.origin.path}.${key}`, service.origin.at, notCarried('a scheduled service runs again'));
  }
  for (const key of ['ready_after', 'readiness', 'liveness']) service.remove(key);
}

/**
 * Only answers of the instance itself count: each instance of a pool is asked at its own port, and a container, which is
 * no child of its client, by a command.
 */
function fitProbes({ findings }: ProjectDraft, service: ServiceDraft): void {
  const command = [service.keys.command].flat().join(' ');
  for (const key of ['readiness', 'liveness']) {
    const probe = service.map(key);
    const request = probe.http;
    const url = isPlainMap(request) ? String(request.url) : request === undefined ? null : String(request);
    const port =
      /^https?:\/\/[^/:]+:(\d+)/.exec(url ?? '')?.[1] ?? /^(?:.*:)?(\d+)$/.exec(String(probe.tcp ?? ''))?.[1];
    if (port === undefined) {
      // The port of the scheme is one for all.
      if (url !== null && Number(service.keys.pool ?? 1) > 1 && !url.includes('${')) {
        service.remove(key);
        if (service.origin)
          findings.addAt(
            `${service.origin.path}.${key}`,
            service.origin.at,
            notCarried('all instances would be asked at one port'),
          );
      }
      continue;
    }
    if (/\b(docker|podman|nerdctl)\b.*\s(run|up|start)\b/.test(command)) {
      const { http: _http, tcp: _tcp, ...rest } = probe;
      service.set(key, { exec: url === null ? `nc -z 127.0.0.1 ${port}` : `curl -fs -o /dev/null ${url}`, ...rest });
    } else if (
      Number(service.keys.pool ?? 1) > 1 &&
      (service.keys.port === undefined || service.keys.port === Number(port))
    ) {
      service.set('port', Number(port));
      const own =
        url === null
          ? { tcp: '${PORT}' }
          : { http: isPlainMap(request) ? { ...request, url: withOwnPort(url) } : withOwnPort(url) };
      service.set(key, { ...probe, ...own });
      if (service.origin)
        findings.addAt(
          `${service.origin.path}.port`,
          service.origin.at,
          nearly(`each instance has a port of its own, from ${port} on, which it reads from PORT`),
        );
    }
  }
}

const withOwnPort = (url: string): string => url.replace(/^(https?:\/\/[^/:]+:)\d+/, '$1${PORT}');

/** What orch does anyway is not written. */
function dropDefaults({ keys }: ServiceDraft): void {
  const restart = keys.restart;
  if (isPlainMap(restart) && restart.policy === 'never') keys.restart = 'never';
  if (isPlainMap(restart) && Object.keys(restart).length === 1 && restart.policy !== undefined)
    keys.restart = restart.policy;
  const stop = keys.stop;
  if (isPlainMap(stop)) {
    if (stop.signal === 'SIGTERM') delete stop.signal;
    if (stop.grace === '10s') delete stop.grace;
    if (stop.to === 'main') delete stop.to;
    if (Object.keys(stop).length === 0) delete keys.stop;
  }
  if (keys.pool === 1) delete keys.pool;
  if (keys.cwd === '.' || keys.cwd === './') delete keys.cwd;
  for (const key of ['tty', 'stdin']) if (keys[key] === false) delete keys[key];
  if (keys.enabled === true) delete keys.enabled;
}

/** Of two services or more: a value that all have; of plain words, what most have. */
function shareDefaults(project: ProjectDraft): void {
  const { services } = project;
  if (services.length >= 2) {
    for (const key of SHARED_KEYS) {
      if (!services.every(({ keys }) => keys[key] !== undefined)) continue;
      const common = commonValue(services.map(({ keys }) => keys[key]!));
      if (common === undefined) continue;
      project.merge('defaults', { [key]: common });
      const same = services.filter(({ keys }) => isDeepStrictEqual(keys[key], common));
      project.noteMove({ to: ['defaults', key], services: same, key: [key] });
      for (const service of same) service.remove(key);
    }
  }
  shareStop(project);
  const defaults = project.map('defaults');
  if (defaults.restart === 'on_failure') delete defaults.restart;
  for (const { keys } of services)
    if (keys.restart === 'on_failure' && defaults.restart === undefined) delete keys.restart;
  if (Object.keys(defaults).length === 0) project.remove('defaults');
}

const STOP_DEFAULTS: PlainMap = { signal: 'SIGTERM', grace: '10s', to: 'main' };

/** The maps of services merge with that of the defaults, so each key is shared by itself: what most have. */
function shareStop(project: ProjectDraft): void {
  const { services } = project;
  if (services.length < 2) return;
  for (const [key, usual] of Object.entries(STOP_DEFAULTS)) {
    const values = services.map((service) => service.map('stop')[key] ?? usual);
    const common = commonValue(values);
    if (common === undefined || common === usual) continue;
    project.merge('defaults', { stop: { ...asMap(project.map('defaults').stop), [key]: common } });
    const same = services.filter((_, index) => values[index] === common);
    project.noteMove({ to: ['defaults', 'stop', key], services: same, key: ['stop', key] });
    for (const [index, service] of services.entries()) {
      if (values[index] !== common) service.merge('stop', { [key]: values[index]! });
      else if (service.keys.stop !== undefined) {
        delete service.map('stop')[key];
        if (Object.keys(service.map('stop')).length === 0) service.remove('stop');
      }
    }
  }
}

const asMap = (value: Plain | undefined): PlainMap => (isPlainMap(value) ? value : {});

/** Maps of services merge with those of defaults, so a map must be the same everywhere. */
function commonValue(values: Plain[]): Plain | undefined {
  const first = values[0]!;
  if (values.every((value) => isDeepStrictEqual(value, first))) return first;
  const plain = values.filter((value) => !isPlainMap(value));
  const counted = [...new Set(plain)].map((value) => [value, plain.filter((one) => one === value).length] as const);
  const [most] = counted.sort((a, b) => b[1] - a[1]);
  return most && most[1] >= 2 && most[1] * 2 > values.length ? most[0] : undefined;
}
