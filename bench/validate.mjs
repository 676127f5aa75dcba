// validate: `orch validate` of 200 services with three overlays as a whole process, against `node -e 0`, taken in turn.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN, runNode, withProject } from './orch.mjs';
import { median } from './table.mjs';

const SERVICES = 200;
const names = Array.from({ length: SERVICES }, (_, index) => `s${index + 1}`);
const file = (head, service) => `${head}services:\n${names.map(service).join('')}`;
const port = '$' + '{PORT}';

const base = file(
  'env: { TZ: UTC }\nlog_queues: { main: { path: logs/main.log } }\ndefaults: { log_queue: main }\n',
  (name, index) =>
    `  ${name}:
    description: service number ${index + 1}
    command: [node, server.js, --port, "${port}"]
    cwd: ./services/${name}
    port: ${8000 + 10 * index}
    pool: 2
    env:
      LOG_LEVEL: info
      DATABASE_URL: postgres://localhost/${name}
${index === 0 ? '' : `    depends_on: { ${names[index - 1]}: ready }\n`}    readiness: { http: "http://127.0.0.1:${port}/healthz", every: 2s }
    stop: { signal: SIGTERM, grace: 5s }
    tags: [t${index % 7}]
`,
);
const overlays = {
  dev: file('', (name) => `  ${name}:\n    pool: 1\n    env: { LOG_LEVEL: debug }\n    command: !append [--inspect]\n`),
  eu: file('', (name) => `  ${name}: { env: { DATABASE_URL: "postgres://eu/${name}" }, tags: !append [eu] }\n`),
  local: file('', (name) => `  ${name}:\n    restart: never\n    readiness: null\n`),
};

export async function measure({ quick }) {
  const rounds = quick ? 5 : 9;
  const [samples, reference] = [[], []];
  await withProject(base, async ({ root }) => {
    for (const [name, text] of Object.entries(overlays)) writeFileSync(join(root, `procs.${name}.yaml`), text);
    for (let round = 0; round < rounds; round++) {
      reference.push((await runNode(['-e', '0'], root)).durationMs);
      samples.push((await runNode([MAIN, '-e', 'dev', '-e', 'eu', 'validate'], root)).durationMs);
    }
  });
  const bare = median(reference);
  return [
    {
      what: `orch validate, ${SERVICES} services × 3 overlays, beyond node -e 0`,
      samples: samples.map((ms) => ms - bare),
      unit: 'ms',
      reference: { name: 'node -e 0', samples: reference },
      target: '≤ 150 ms',
    },
  ];
}
