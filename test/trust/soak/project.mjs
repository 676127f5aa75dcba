// The project of a soak: 100 instances, and the edits that change it, by number.

/** Edits after which pools and services are as they were: each quarter of a long run sees the same sizes. */
const PERIOD = 6;
const SINGLE = 25;
const POOL = 60;
const PROBED = 10;

/** Never killed and never edited: all that it prints must be in its log, in order. */
export const SAMPLES = ['sample.1', 'sample.2'];
export const SAMPLE_LOG = 'sample.log';
const FLOODS = ['flood.1', 'flood.2', 'flood.3'];

/** Each edit is one of: another size of a pool, another variable of one service, a service more or less. */
function meaningOf(edit) {
  const at = edit % PERIOD;
  const changed = Math.floor((edit + 2) / 3);
  return { pool: POOL + (at >= 1 && at < 4 ? 4 : 0), hasExtra: at >= 3, changed };
}

export function textOf(edit) {
  const { pool, hasExtra, changed } = meaningOf(edit);
  const worker = 'command: [sh, worker.sh]';
  const singles = Array.from({ length: SINGLE }, (_, index) => {
    const version = Math.floor((changed + SINGLE - 1 - index) / SINGLE);
    return `  n${index}: { ${worker}, env: { VERSION: "${version}" } }\n`;
  });
  return `name: soak
log_queues:
  default: { path: out.log, rotate: { size: 1MiB, keep: 3 } }
  flood: { path: flood.log, rotate: { size: 16MiB, keep: 2, compress: gzip } }
  sample: { path: ${SAMPLE_LOG}, rotate: { size: 16KiB, keep: 10000 } }
defaults:
  restart: { policy: always, backoff: { initial: 50ms, max: 500ms } }
  stop: { grace: 5s }
services:
  sample: { command: [sh, sample.sh], pool: ${SAMPLES.length}, log_queue: sample }
  flood: { command: [sh, flood.sh], pool: ${FLOODS.length}, log_queue: flood }
  probed: { ${worker}, pool: ${PROBED}, liveness: { exec: ["true"], every: 5s } }
  pool: { ${worker}, pool: ${pool} }
${singles.join('')}${hasExtra ? `  extra: { ${worker} }\n` : ''}`;
}

/** Names of all instances that have to live. */
export function instancesOf(edit) {
  const { pool, hasExtra } = meaningOf(edit);
  const numbered = (service, size) => Array.from({ length: size }, (_, index) => `${service}.${index + 1}`);
  const singles = Array.from({ length: SINGLE }, (_, index) => `n${index}.1`);
  return [...SAMPLES, ...FLOODS, ...numbered('probed', PROBED), ...numbered('pool', pool)].concat(
    singles,
    hasExtra ? ['extra.1'] : [],
  );
}

/** Those that may be killed at any time. */
export const isVictim = (id) => !SAMPLES.includes(id) && !FLOODS.includes(id);
