// The log path: from children's writes to the file, against what else there is, in one run. 100-byte lines; every line of
// every run is checked. Rates in MB/s; CPU of the reading side only, in seconds per GiB, the least of all rounds; memory the most.
import { catInTurn, catOnePipe, catPerPipe, discard, naive, orch } from './logs/paths.mjs';
import { preparePrograms } from './logs/programs.mjs';
import { runPath } from './logs/run.mjs';
import { measureIdle, measureLatency } from './logs/still.mjs';
import { missing, supervisord } from './logs/supervisord.mjs';

const rotating = { sizeBytes: 64 * 2 ** 20, keep: 1000 };
const zipping = { sizeBytes: 64 * 2 ** 20, keep: 1000, compress: 'gzip' };

/** The cell of the promises: 4 KiB writes, 8 writers; then one write a line; then the rest, ours alone. */
const groups = [
  {
    load: { writers: 8, bytesPerWrite: 4096, mib: 128 },
    paths: [orch('raw'), orch('text'), orch('json'), orch('raw', rotating), discard, naive],
    targets: { 'orch raw': '≥ 0.8 × at ≤ 1.3', 'orch text': '≥ 0.35 × at ≤ 3.2', 'orch json': '≥ 0.15 ×' },
  },
  {
    load: { writers: 8, bytesPerWrite: 0, mib: 32 },
    paths: [orch('raw'), orch('text')],
    targets: { 'orch raw': '≥ 0.6 ×' },
  },
  { load: { writers: 1, bytesPerWrite: 4096, mib: 512 }, paths: [orch('raw'), orch('text'), orch('json')] },
  { load: { writers: 8, bytesPerWrite: 65536, mib: 128 }, paths: [orch('raw'), orch('text'), orch('text', zipping)] },
  { load: { writers: 1, bytesPerWrite: 65536, mib: 512 }, paths: [orch('raw'), orch('text')] },
  { load: { writers: 1, bytesPerWrite: 0, mib: 64 }, paths: [orch('raw'), orch('text')] },
];

export async function measure({ quick }) {
  const programs = preparePrograms();
  const rows = [];
  const peer = supervisord();
  if (peer === null) console.error(missing);
  for (const group of quick ? groups.slice(0, 2) : groups) {
    const load = quick ? { ...group.load, mib: Math.ceil(group.load.mib / 4) } : group.load;
    rows.push(...(await measureGroup(programs, { ...group, load }, peer, quick ? 2 : 5)));
  }
  return [...rows, ...(await measureLatency()), ...(await measureIdle(500, quick ? 2000 : 10_000))];
}

/** Round by round, so that what disturbs the machine for a while disturbs all alike. */
async function measureGroup(programs, { load, paths, targets = {} }, peer, rounds) {
  const all = [catOnePipe, catInTurn, catPerPipe, ...paths, ...(peer === null ? [] : [peer])];
  const results = new Map(all.map((path) => [path, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const path of all) {
      if (path === naive && round > 0) continue; // a minute each, and always the same
      const scaled = path === naive ? { ...load, mib: Math.ceil(load.mib / 16) } : load;
      results.get(path).push(await runPath(programs, scaled, path));
    }
  }
  const what = `${load.writers} × ${load.bytesPerWrite === 0 ? 'line' : `${load.bytesPerWrite / 1024} KiB`}`;
  const against = (path) => ({ name: path.name, samples: results.get(path).map(({ mbPerS }) => mbPerS) });
  const cat = against(catOnePipe);
  const rows = [...results].map(([path, runs]) => rowOf(what, path, runs, cat, targets[path.name]));
  const [ours] = paths;
  return [...rows, rowOf(what, ours, results.get(ours), against(catPerPipe))];
}

/** @param {{ name: string, samples: number[] }} reference in the first column of ratios: one `cat`, as we are one process */
function rowOf(what, path, runs, reference, target = '') {
  const cpu = Math.min(...runs.map(({ cpuPerGib }) => cpuPerGib)).toFixed(2);
  const rss = Math.max(...runs.map(({ rssMb }) => rssMb)).toFixed(0);
  return {
    what: `${what}  ${path.name}  (${cpu} CPU s/GiB, ${rss} MB)`,
    samples: runs.map(({ mbPerS }) => mbPerS),
    unit: 'MB/s',
    ...(path.name === reference.name ? {} : { reference }),
    target,
  };
}
