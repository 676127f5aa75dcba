// Values that a source may have and procs.yaml refuses: empty ones, probes that check nothing, ports that overlap. Pure.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml

import { nearly, notCarried } from './loss-findings.ts';
import { isPlainMap, type Plain, type PlainMap } from './plain.ts';
import type { ProjectDraft, ServiceDraft } from './project-draft.ts';

/** A service without a program is taken out, and reported. */
export function fitValues(project: ProjectDraft): void {
  for (const service of [...project.services]) {
    dropEmptyKeys(service);
    const { command } = service.keys;
    const first = Array.isArray(command) ? String(command[0] ?? '') : String(command ?? '').trim();
    if (first !== '' && !first.startsWith('-')) continue;
    project.services.splice(project.services.indexOf(service), 1);
    if (service.origin) project.findings.add(service.origin, notCarried('it has no command'));
  }
  separatePorts(project);
}

const CHECKS = ['exec', 'http', 'tcp', 'unix', 'log', 'notify', 'ipc', 'delay'];

function dropEmptyKeys(service: ServiceDraft): void {
  for (const [key, value] of Object.entries(service.keys)) {
    const kept = key === 'env' ? value : withoutEmpty(value);
    if (kept === undefined || (isPlainMap(kept) && Object.keys(kept).length === 0 && key !== 'env'))
      service.remove(key);
    else service.keys[key] = kept;
  }
  for (const key of ['readiness', 'liveness'])
    if (service.keys[key] !== undefined && !CHECKS.some((check) => service.map(key)[check] !== undefined))
      service.remove(key);
  if (Array.isArray(service.keys.listen)) service.keys.listen = [...new Set(service.keys.listen)];
}

/** @returns undefined for what says nothing; the words of a command may be empty */
function withoutEmpty(value: Plain): Plain | undefined {
  if (value === null || (typeof value === 'string' && value.trim() === '')) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  if (!isPlainMap(value)) return value;
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const own = withoutEmpty(inner);
    return own === undefined || (isPlainMap(own) && Object.keys(own).length === 0) ? [] : [[key, own] as const];
  });
  return Object.fromEntries(kept) as PlainMap;
}

/** Other tools let two programs have one PORT; the later one keeps it as a variable. */
function separatePorts({ services, findings }: ProjectDraft): void {
  const taken: { from: number; to: number }[] = [];
  for (const service of services) {
    const { port, pool } = service.keys;
    if (typeof port !== 'number') continue;
    const own = { from: port, to: port + Math.max(1, Number(isPlainMap(pool) ? 1 : (pool ?? 1))) - 1 };
    if (taken.some(({ from, to }) => from <= own.to && own.from <= to) || own.to > 65_535) {
      service.remove('port');
      const fixed = JSON.stringify(service.keys).replaceAll('${PORT}', String(port));
      Object.assign(service.keys, JSON.parse(fixed) as PlainMap);
      service.merge('env', { PORT: String(port) });
      if (service.origin)
        findings.addAt(
          `${service.origin.path}.port`,
          service.origin.at,
          nearly(`PORT is ${port}, as for another service: choose \`port\``),
        );
    } else taken.push(own);
  }
}
