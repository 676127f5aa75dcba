// What several parts of a compose file agree on: which containers a service has, their names, and their paths.
import { posix } from 'node:path';
import type { ServiceSpec } from '../../core/spec.ts';
import type { ExportedProject } from '../model/exported-project.ts';

/** Where the directory of the project is in a container. */
const PROJECT_DIRECTORY = '/app';

/** `number`: of the instance; null: the container is any of its pool. */
export type Container = { name: string; number: number | null };

/** docker compose numbers the containers of a service, but tells no program its number: then each instance is a service. */
export function containersOf(spec: ServiceSpec): Container[] {
  if (!isNumbered(spec)) return [{ name: spec.name, number: spec.pool > 1 ? null : 1 }];
  return Array.from({ length: spec.pool }, (_, index) => ({ name: `${spec.name}.${index + 1}`, number: index + 1 }));
}

export function isNumbered({ pool, port, command, env, cwd, readiness, startup }: ServiceSpec): boolean {
  const texts = JSON.stringify([command, env, cwd, readiness, startup]);
  return pool > 1 && (typeof port === 'number' || /\$\{?ORCH_(?:INSTANCE|INDEX)/.test(texts));
}

/** Such as `docker run postgres`: a container cannot start another one. */
export function runsDocker({ command }: ServiceSpec): boolean {
  const line = command.kind === 'argv' ? command.argv.join(' ') : command.line.trim();
  return /^(?:exec\s+|sudo\s+)*(?:\/\S*\/)?(?:docker|docker-compose|podman)\s/.test(line);
}

/** A profile of compose keeps a service from being started by itself. */
export function profilesOf({ profiles, start, schedule }: ServiceSpec): string[] {
  if (profiles.length > 0) return profiles;
  if (schedule !== null) return ['scheduled'];
  return start === 'manual' ? ['manual'] : [];
}

/** Paths of the project as a container has them. */
export function inContainer(text: string, { config: { root } }: ExportedProject): string {
  if (root === '/') return text;
  const pattern = new RegExp(`(?<![\\w.-])${root.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w.-])`, 'g');
  return text.replace(pattern, PROJECT_DIRECTORY);
}

export const isInProject = (path: string, { config: { root } }: ExportedProject): boolean =>
  !posix.relative(root, path).startsWith('..');

/** As docker compose reads it, from the place of the file: with `./` in front. */
export function fromFile(path: string, { directory }: ExportedProject): string {
  const way = posix.relative(directory, path);
  return way === '' ? '.' : /^(?:\.\.(?:\/|$)|\/)/.test(way) ? way : `./${way}`;
}

/** @returns an entry of `volumes` */
export function mountOf(path: string, project: ExportedProject): string | Record<string, string> {
  const [source, target] = isInProject(path, project)
    ? [fromFile(project.config.root, project), PROJECT_DIRECTORY]
    : [fromFile(path, project), path];
  return `${source}${target}`.includes(':') ? { type: 'bind', source, target } : `${source}:${target}`;
}

/** `$` would start a variable of docker compose. */
export const composeText = (text: string): string => text.replaceAll('$', '$$$$');

/** In the units of compose, which has no days. */
export function composeTime(ms: number): string {
  if (ms === 0 || ms % 1000 !== 0) return `${ms}ms`;
  const units: [number, string][] = [
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1000, 's'],
  ];
  const [size, unit] = units.find(([one]) => ms % one === 0)!;
  return `${ms / size}${unit}`;
}

/** `64m`: units of 1024. */
export function composeSize(bytes: number): string {
  const units: [number, string][] = [
    [2 ** 30, 'g'],
    [2 ** 20, 'm'],
    [2 ** 10, 'k'],
  ];
  const [size, unit] = units.find(([one]) => bytes % one === 0) ?? [1, 'b'];
  return `${bytes / size}${unit}`;
}
