// One instance in a sentence: state, process, age, restarts, last exit, version.
import type { ExitStatus, InstanceStatus } from '../../api/protocol.ts';
import type { DetailRow } from '../../tui/model/details.ts';
import { formatCpuPercent, formatRoundedBytes } from '../../tui/view/format.ts';
import { formatAge } from '../../units.ts';

const HASH_CHARS = 12;

export function instanceRow(instance: InstanceStatus, nowMs: number): DetailRow {
  const {
    id,
    state,
    pid,
    port,
    startedAt,
    restarts,
    crashes = 0,
    lastExit,
    adopted,
    specHash,
    cpuPercent,
    rssBytes,
  } = instance;
  const isAlive = pid !== null && startedAt !== null;
  const facts = [
    state,
    ...(isAlive ? [`pid ${pid}`, `up ${formatAge(nowMs - Date.parse(startedAt)).text}`] : []),
    ...(port ? [`port ${port}`] : []),
    ...(isAlive ? [`${formatCpuPercent(cpuPercent)} CPU`, formatRoundedBytes(rssBytes)] : []),
    ...(restarts > 0 ? [`${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`] : []),
    ...(crashes > 0 ? [`${crashes} ${crashes === 1 ? 'crash' : 'crashes'}`] : []),
    ...(lastExit === null ? [] : [`last exit: ${exitText(lastExit)}`]),
    ...(adopted ? ['adopted'] : []),
    `version ${specHash.slice(0, HASH_CHARS)}`,
  ];
  return { label: id, value: facts.join(', ') };
}

function exitText(exit: ExitStatus): string {
  if ('code' in exit) return `code ${exit.code}`;
  if ('signal' in exit) return exit.signal;
  return 'spawnError' in exit ? exit.spawnError : 'unknown';
}
