// The configurations of a chaotic project, by number, and what each of them means.

/** `k` is in all of them, unchanged, and no worker harms its processes: they must always keep running. */
export const UNTOUCHED = ['k.1', 'k.2'];

const POOLS = [0, 1, 2, 3, 3, 1];
export const COUNT = POOLS.length;

/** What can differ between two configurations. */
export function meaningOf(number) {
  return { pool: POOLS[number], version: number % 3, hasExtra: number % 2 === 1 };
}

export function textOf(number) {
  const { pool, version, hasExtra } = meaningOf(number);
  const worker = 'command: [sh, worker.sh]';
  return `# configuration ${number}
name: chaos
log_queues:
  default: { path: out.log, format: text, rotate: { size: 16KiB, keep: 10000 } }
defaults:
  restart: { policy: always, backoff: { initial: 50ms, max: 500ms, factor: 2 } }
  stop: { grace: 1s }
services:
  k: { ${worker}, pool: 2 }
  a: { ${worker}, pool: ${pool} }
  b: { ${worker}, depends_on: { k: ready }, env: { VERSION: "${version}" }, readiness: { exec: ["true"], every: 1s } }
  s: { ${worker}, singleton: { key: chaos, scope: user } }
  e: { command: [sh, escapes.sh] }
${hasExtra ? `  x: { ${worker}, limits: { memory: 1GiB } }\n` : ''}`;
}

/** Instance -> the version that it should run. */
export function instancesOf(number) {
  const { pool, version, hasExtra } = meaningOf(number);
  const ids = [...UNTOUCHED, 'b.1', 's.1', 'e.1', ...(hasExtra ? ['x.1'] : [])];
  for (let index = 1; index <= pool; index++) ids.push(`a.${index}`);
  return new Map(ids.sort().map((id) => [id, id === 'b.1' ? version : 0]));
}

/** No file that begins like this is valid: it is cut within the braces of its last service. */
export function tornTextOf(number, chance) {
  const text = textOf(number);
  return text.slice(0, chance.between(text.lastIndexOf('{') + 1, text.lastIndexOf('}') - 1));
}

export const INVALID = [
  '',
  '# only this\n',
  'services: {',
  '[]\n',
  'services:\n  k: { comand: [sh] }\n',
  '<<<<<<< ours\nservices: {}\n=======\nservices: { k: { command: x } }\n>>>>>>> theirs\n',
  `services: ${'['.repeat(3000)}`,
  '\u0000\u0001\u0002',
];
