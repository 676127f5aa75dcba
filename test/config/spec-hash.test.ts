// The hash of a service is in `.orch/state.json` of running projects: a different hash for the same text restarts them.
// The values were computed by the build of commit c8fe543.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { expect, test } from 'vitest';
import { accept } from './loading.ts';

const FILES = {
  'procs.yaml': `
env: { REGION: eu }
env_files: [.env]
defaults: { restart: always, log_queue: other }
services:
  plain: { command: [node, server.js] }
  shell: { command: "exec ./run.sh | tee out", cwd: sub, env: { A: "1", B: $$x, REGION: null } }
  pool:
    command: [node, api.js, "--port=\${PORT}"]
    pool: 4
    port: 8000
    env: { TOKEN: { secret: secrets/token }, URL: "http://127.0.0.1:\${PORT}/\${ORCH_SERVICE:-none}" }
    readiness: { http: "http://127.0.0.1:\${PORT}/healthz", every: 500ms }
    rollout: { max_surge: 1 }
  broker:
    command: [./broker]
    singleton: { key: "broker-\${REGION:-x}", pid_file: run/broker.pid, on_conflict: wait }
    stop: { signal: SIGINT, grace: 1m }
  only: { command: [./only], singleton: true }
  sockets:
    command: [./web]
    listen: ["127.0.0.1:9090", "*:9091", run/web.sock]
    limits: { memory: 512MiB, nofile: 1024, nice: 5 }
    depends_on: { plain: started }
  terminal: { command: [bash], tty: true, hooks: { before_start: "echo hi" } }
  record: { command: [./job], exit_record: true, stdin: true, schedule: "0 3 * * *", restart: on_failure }
  reader: { command: [./filter], log_queue: default }
log_queues:
  other: { sink: { service: reader } }
  default: { path: logs/default.log }
`,
  '.env': 'COLOUR=blue\n',
};

test('the hash of a service stays what it was', async () => {
  const { services } = await accept(FILES, { environment: { REGION: 'us' } });
  expect(Object.fromEntries(services.map(({ name, specHash }) => [name, specHash]))).toEqual({
    broker: '2c2c3856ff9a578d',
    only: 'cd357c44b4444676',
    plain: 'e5b65ee70b13a04d',
    pool: '5ae9e2045effb873',
    reader: '9255eea7ccfa47c7',
    record: 'd0d6ebed5d24f30f',
    shell: '71c52371c41872f6',
    sockets: '704714d15e3a8601',
    terminal: '2403c28d331e05a2',
  });
});
