// Which services a commit restarts in addition to those whose configuration it changes. Pure, apart from the links of directories.
import { realpathSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import type { InstanceTemplate, ServiceSpec } from '../../core/spec.ts';

/**
 * @param files that the commit changes, absolute, links resolved. @param configuration the files that procs.yaml consists of: what
 * they change is in the plan
 * @returns the services whose directory has such a file. A service that watches files acts on them itself; one with a schedule
 * takes them at its next run.
 */
export function servicesChangedBy(
  files: readonly string[],
  configuration: ReadonlySet<string>,
  services: readonly ServiceSpec[],
): ServiceSpec[] {
  const code = files.filter((path) => !configuration.has(path));
  if (code.length === 0) return [];
  return services.filter(({ cwd, watch, schedule }) => {
    if (watch !== null || schedule !== null) return false;
    const directory = resolveLinks(fixedPart(cwd));
    return code.some((path) => isInside(directory, path));
  });
}

/** Up to the first directory that differs from instance to instance. */
function fixedPart(cwd: InstanceTemplate): string {
  const names = cwd.split('/');
  const first = names.findIndex((name) => /(?<!\$)(\$\$)*\$\{/.test(name));
  return (first < 0 ? names : names.slice(0, first)).join('/').replaceAll('$$', '$');
}

function isInside(directory: string, path: string): boolean {
  const inside = relative(directory, path);
  return inside !== '' && !inside.startsWith('..') && !isAbsolute(inside);
}

function resolveLinks(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory; // a template, or not there yet
  }
}
