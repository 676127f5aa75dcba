// What a long-lived process of orch holds, as the kernel counts it, and as it counts itself (see resources.cjs).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const TICK_MS = 10;
const MEBIBYTE = 2 ** 20;

/**
 * @returns {{rss, pss, heap, descriptors, handles, timers, watches, threads, cpuMs} | null} memory in MiB; null: it is gone.
 * `handles`: registered with epoll. `timers`, `heap`: null until the process has written them down.
 */
export function sampleOf(pid, records) {
  const status = read(`/proc/${pid}/status`);
  if (status === '') return null;
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = JSON.parse(read(`${records}/resources-${pid}`) || 'null');
  return {
    rss: kibibytes(status, 'VmRSS') / 1024,
    pss: kibibytes(rollup, 'Pss') / 1024,
    heap: own === null ? null : (own.heapUsed + own.external) / MEBIBYTE,
    ...openOf(pid),
    timers: own?.timers ?? null,
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)[1]),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  };
}

function openOf(pid) {
  let handles = 0;
  let watches = 0;
  const descriptors = list(`/proc/${pid}/fd`);
  for (const number of descriptors) {
    const kind = link(`/proc/${pid}/fd/${number}`);
    if (!kind.startsWith('anon_inode:')) continue;
    const text = read(`/proc/${pid}/fdinfo/${number}`);
    handles += text.match(/^tfd:/gm)?.length ?? 0;
    watches += text.match(/^inotify wd:/gm)?.length ?? 0;
  }
  return { descriptors: descriptors.length, handles, watches };
}

const kibibytes = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // gone, or not there yet
  }
}

function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return []; // gone
  }
}

function link(path) {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
