// The configurations of a chaotic project, by number, and what each of them means.

/** `k` is in all of them, unchanged, and no worker harms its processes: they must always keep running. */
export const UNTOUCHED = ['k.1', 'k.2'];

const POOLS = [0, 1, 2, 3, 3, 1];
export const COUNT = POOLS.length;

/** Not in git: the new version of `r` never gets ready. */
export const NEVER_READY = COUNT;
export const NEVER = 'never';

/** What can differ between two configurations. `hasDying`: a program that ends soon after each of its starts. */
export function meaningOf(number) {
  if (number === NEVER_READY) return { ...meaningOf(0), rolled: NEVER };
  const version = number % 3;
  return { pool: POOLS[number], version, hasExtra: number % 2 === 1, hasDying: version === 2, rolled: `${number % 2}` };
}

export function textOf(number) {
  const { pool, version, hasExtra, hasDying, rolled } = meaningOf(number);
  const worker = 'command: [sh, worker.sh]';
  const check = rolled === NEVER ? 'false' : 'true';
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
  v: { ${worker}, env: { VERSION: "\${SHELL_TAG:-none}" } }
  r:
    ${worker}
    pool: 2
    env: { VERSION: "${rolled}" }
    readiness: { exec: ["${check}"], every: 500ms }
    rollout: { min_ready: 0s, deadline: 3s }
  p: { command: [node, listens.mjs], port: "\${CHAOS_PORT}", readiness: { tcp: "\${PORT}", every: 500ms } }
${hasDying ? '  d: { command: [sh, dies.sh], ready_after: 8s }\n' : ''}${hasExtra ? `  x: { ${worker}, limits: { memory: 1GiB } }\n` : ''}`;
}

/** The variables of a shell say which version this one runs. */
export const OF_SHELL = 'v.1';
/** It comes and goes. */
export const DYING = 'd.1';
/** As long as a stranger has its port, it starts again and again. */
export const LISTENING = 'p.1';

/** Instance -> the version that it should run; null: it has none, or the shell says which. */
export function instancesOf(number) {
  const { pool, version, hasExtra, rolled } = meaningOf(number);
  const ids = [...UNTOUCHED, 's.1', 'e.1', OF_SHELL, LISTENING, ...(hasExtra ? ['x.1'] : [])];
  for (let index = 1; index <= pool; index++) ids.push(`a.${index}`);
  const versions = { 'b.1': `${version}`, 'r.1': rolled, 'r.2': rolled };
  return new Map([...ids, ...Object.keys(versions)].sort().map((id) => [id, versions[id] ?? null]));
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
