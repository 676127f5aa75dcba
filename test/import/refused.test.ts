// Values that procs.yaml refuses, from every tool and in every section that it can write: the files are valid, and the
// report has a line for each value that was left out, with the key of the source where it is known.
import { expect, test } from 'vitest';
import { dropRefused } from '../../src/import/drop-refused.ts';
import { importFiles } from '../../src/import/import-files.ts';
import type { Finding } from '../../src/import/model/loss-findings.ts';
import type { Plain, PlainMap } from '../../src/import/model/plain.ts';
import { ProjectDraft } from '../../src/import/model/project-draft.ts';
import { printFiles } from '../../src/import/output/print-project.ts';
import { load } from '../config/loading.ts';

const supervisord = (text: string) => ({ 'supervisord.conf': text });
const processCompose = (text: string) => ({ 'process-compose.yaml': text });
const pm2 = (...apps: object[]) => ({ 'pm2.json': JSON.stringify({ apps }, null, 1) });
const web = '[program:web]\ncommand=sleep 1\n';
const api = '[program:api]\ncommand=sleep 1\n';

type Row = [tool: string, section: string, files: Record<string, string>, lost: string[]];
const rows: Row[] = [
  [
    'supervisord',
    'defaults',
    supervisord(`[supervisord]\nminfds=-1\n${web}`),
    ['supervisord.conf:2 supervisord.minfds'],
  ],
  ['supervisord', 'service', supervisord(`${web}numprocs=-2\n`), ['supervisord.conf:3 program:web.numprocs']],
  [
    'supervisord',
    'defaults of several services',
    supervisord(`${web}startsecs=-5\nstopwaitsecs=-2\n${api}startsecs=-5\nstopwaitsecs=-2\n`),
    [
      'supervisord.conf:3 program:web.startsecs',
      'supervisord.conf:4 program:web.stopwaitsecs',
      'supervisord.conf:7 program:api.startsecs',
      'supervisord.conf:8 program:api.stopwaitsecs',
    ],
  ],
  [
    'supervisord',
    'log_queues of several services',
    supervisord(`${web}stdout_logfile=x.log\nstdout_logfile_backups=-1\n${api}stdout_logfile=x.log\n`),
    ['supervisord.conf:4 program:web.stdout_logfile_backups'],
  ],
  [
    'process-compose',
    'log_queues',
    processCompose(
      'log_location: a.log\nlog_configuration:\n  rotation: { max_size_mb: -1 }\nprocesses:\n  web: { command: x }\n',
    ),
    ['process-compose.yaml:2 log_configuration'],
  ],
  [
    'process-compose',
    'log queue of a service',
    processCompose(
      'processes:\n  web:\n    command: x\n    log_location: w.log\n    log_configuration: { rotation: { max_backups: -1 } }\n',
    ),
    ['process-compose.yaml:5 processes.web.log_configuration'],
  ],
  [
    'process-compose',
    'service',
    processCompose('processes:\n  web:\n    command: x\n    shutdown:\n      timeout_seconds: -3\n'),
    ['process-compose.yaml:5 processes.web.shutdown.timeout_seconds'],
  ],
  [
    'pm2',
    'overlay',
    pm2({ name: 'a', script: 'x.js', env_production: { PORT: 99999, OK: 1 } }),
    ['pm2.json:6 apps[0].env_production'],
  ],
  [
    'pm2',
    'personal overlay',
    pm2({ name: 'a', script: 'x.js', env: { PORT: 8000 }, env_local: { PORT: 99999, OK: 1 } }),
    ['pm2.json:9 apps[0].env_local'],
  ],
  [
    'pm2',
    'defaults of several services',
    pm2({ script: 'x.js', kill_timeout: -5 }, { script: 'y.js', kill_timeout: -5 }),
    ['pm2.json:5 apps[0].kill_timeout', 'pm2.json:9 apps[1].kill_timeout'],
  ],
  ['pm2', 'service', pm2({ script: 'x.js', instances: 99_999 }), ['pm2.json:5 apps[0].instances']],
  ['procfile', 'service', { Procfile: 'a: x\n', '.foreman': 'formation: a=99999\n' }, ['Procfile:1 a (pool)']],
  [
    'package-json',
    'env, and that of a service',
    {
      'package.json': '{"scripts":{\n"dev": "ORCH_INSTANCE=3 concurrently \\"ORCH_INSTANCE=1 node a\\" \\"node b\\""}}',
    },
    ['package.json:2 scripts.dev', 'package.json:2 scripts.dev (env.ORCH_INSTANCE)'],
  ],
  [
    'compose',
    'service',
    { 'compose.yaml': 'services:\n  web:\n    command: x\n    build: .\n    deploy: { replicas: 99999 }\n' },
    ['compose.yaml:5 services.web.deploy.replicas'],
  ],
  [
    'mprocs',
    'env of a service',
    { 'mprocs.yaml': 'procs:\n  a:\n    shell: x\n    env: { ORCH_INSTANCE: "3" }\n' },
    ['mprocs.yaml:4 procs.a.env'],
  ],
  [
    'pitchfork',
    'service, whose map lacks a key then',
    { 'pitchfork.toml': '[daemons.a]\nrun = "x"\ncron = { schedule = "never" }\n' },
    ['pitchfork.toml:3 daemons.a.cron.schedule'],
  ],
  [
    'systemd',
    'service',
    { 'a.service': '[Service]\nExecStart=/bin/x\nSuccessExitStatus=300\nNice=99\n' },
    ['a.service:3 Service.SuccessExitStatus', 'a.service:4 Service.Nice'],
  ],
];

test.each(rows)('%s: %s', async (_tool, _section, texts, lost) => {
  const [file, text] = Object.entries(texts)[0]!;
  const { files, findings } = await importFiles({
    ...{ inputs: [{ file, text }], format: null, schema: null, list: () => [] },
    read: (name) => texts[name] ?? null,
    evaluate: async () => ({ ok: false, problem: 'not evaluated here' }),
  });
  await expectValid(files);
  expect(lostIn(findings).map(({ file, line, path }) => `${file}:${line} ${path}`)).toEqual(lost);
});

const SECTIONS = ['service', 'service without an origin', 'overlay', 'defaults', 'project'] as const;
type Section = (typeof SECTIONS)[number];
const SERVICE_VALUES: [string, PlainMap][] = [
  ['stop.grace', { stop: { grace: '-1s', signal: 'SIGINT' } }],
  ['pool', { pool: -2 }],
  ['env.ORCH_INSTANCE', { env: { ORCH_INSTANCE: '1' } }],
  ['success_codes', { success_codes: [0, 300] }],
  ['log_queue.rotate.keep', { log_queue: { path: 'a.log', rotate: { keep: -1 } } }],
  ['readiness', { readiness: { tcp: 99_999 } }],
];
const PROJECT_VALUES: [string, PlainMap][] = [
  ['env.ORCH_INSTANCE', { env: { ORCH_INSTANCE: '1', OK: '1' } }],
  ['log_queues.main.rotate.size', { log_queues: { main: { path: 'a.log', rotate: { size: '-1MiB' } } } }],
  ['name', { name: 'not a name!' }],
];
const cases = SECTIONS.flatMap((section) =>
  (section === 'project' ? PROJECT_VALUES : SERVICE_VALUES)
    .filter(([path]) => section !== 'defaults' || path !== 'pool')
    .map(([path, keys]) => ({ section, path, keys })),
);

test.each(cases)('however it got there: $path in $section', async ({ section, path, keys }) => {
  const project = draftWith(section, structuredClone(keys));
  const before = JSON.stringify(valuesOf(project));
  await dropRefused(project);
  expect(JSON.stringify(valuesOf(project))).not.toBe(before);
  await expectValid(printFiles(project, { lines: [] }, () => []));
  const lost = lostIn(project.findings.all());
  expect(lost).toHaveLength(1);
  expect(lost[0]!.file).toBe(section === 'service' || section === 'overlay' ? 'own.conf' : 'source.conf');
  expect(`${lost[0]!.path}: ${lost[0]!.reason}`).toContain(path);
});

function draftWith(section: Section, keys: PlainMap): ProjectDraft {
  const project = new ProjectDraft('source.conf');
  const hasOrigin = section !== 'service without an origin';
  const service = project.service('web', hasOrigin ? { path: 'web', at: { file: 'own.conf', line: 7 } } : null);
  service.set('command', 'sleep 1');
  if (section === 'overlay') service.overlays.production = keys;
  else if (section === 'defaults') project.set('defaults', keys);
  else for (const [key, value] of Object.entries(keys)) (section === 'project' ? project : service).set(key, value);
  return project;
}

const valuesOf = ({ keys, services }: ProjectDraft): Plain => [
  keys,
  ...services.flatMap((service) => [service.keys, service.overlays]),
];

const lostIn = (findings: Finding[]) => findings.filter(({ outcome }) => outcome === 'not carried');

async function expectValid(files: Record<string, string>): Promise<void> {
  const environments = Object.keys(files).map((name) => /^procs\.(.+)\.yaml$/.exec(name)?.[1] ?? null);
  for (const env of environments) {
    const result = await load(files, { env });
    expect(result.ok ? [] : result.problems, JSON.stringify(files)).toEqual([]);
  }
}
