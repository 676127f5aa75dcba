// The view for screen readers, against a scripted supervisor: what typed lines do, and what is said.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import { LineCommands } from '../../src/tui/line-commands.ts';
import { type Answers, type FakeSupervisor, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { instanceStatus, pool, serviceStatus, shopStatus } from './sample.ts';

const answers: Answers = {
  restart: ({ names }) => ({ instances: names }),
  start: ({ names }) => ({ instances: names }),
  stop: () => {
    throw { code: 'failed', message: 'it cannot be stopped', hint: 'wait' };
  },
  scale: ({ service, size }) => ({ service, size: size ?? 3 }),
  signal: ({ name }) => ({ instances: [name] }),
  rollback: () => ({ generation: 4, to: 2, changed: true }),
  why: ({ name }) => ({
    explanations: [
      { id: `${name}.1`, state: 'backoff', causes: ['it exits at once', 'db is down'], unblock: 'fix it' },
    ],
  }),
};
let supervisor: FakeSupervisor;
let said: string[];
let left: string[];
let commands: LineCommands;

async function open(change: { owning?: boolean; asksFirst?: boolean } = {}) {
  const client = (await connect(supervisor.paths))!;
  commands = new LineCommands({
    ...{ client, owning: true, asksFirst: true, ...change },
    scaleInFile: async () => ({ ok: true }),
    describe: async (name) => ({
      name,
      title: null,
      sections: [{ title: 'why', rows: [{ label: name, value: 'fine' }] }],
      instances: null,
    }),
    typing: {
      send: async (instance, lines) => {
        if (lines[0] === 'too much') throw new Error(`${instance} does not read`);
        said.push(`${instance} got ${JSON.stringify(lines)}`);
      },
      attachCommand: () => [],
    },
    say: (text) => said.push(text),
    leave: (how) => left.push(how),
  });
  commands.update(shopStatus());
}
beforeEach(async () => {
  [said, left] = [[], []];
  supervisor = await startFakeSupervisor(answers);
  await open();
});
afterEach(() => supervisor.close());

const requests = () => supervisor.requests.map(({ method, params }) => [method, params]);
/** Types the lines; waits for what is said last. */
async function hear(lines: string[], last: string): Promise<string[]> {
  said.length = 0;
  for (const line of lines) commands.enter(line);
  await waitFor(
    last,
    () => said,
    (texts) => texts.at(-1)?.includes(last) === true,
    3000,
  );
  return said;
}

describe('commands', () => {
  test('by their whole name; an instance is not asked about', async () => {
    await hear(['restart api.2'], 'restarting api.2');
    expect(requests()).toEqual([['restart', { names: ['api.2'] }]]);
  });

  test('several instances are asked about: yes does it, anything else does not', async () => {
    expect(await hear(['restart api', 'no'], 'nothing was done')).toEqual([
      'restart all 3 instances of api? yes or no',
      'nothing was done',
    ]);
    expect(requests()).toEqual([]);
    await hear(['restart api', 'yes'], 'restarting api');
    expect(requests()).toEqual([['restart', { names: ['api'] }]]);
  });

  test('by a part that only one has; otherwise the choice is said', async () => {
    await hear(['run migr'], 'starting migrate');
    expect(await hear(['api.1'], 'which one')).toEqual([
      expect.stringMatching(/^which one: restart api\.1, stop api\.1, /),
    ]);
    await hear(['zzz'], 'no command has these letters: zzz. "help" names all');
    expect(requests()).toEqual([['start', { names: ['migrate'] }]]);
  });

  test('a number, a signal, and the undo are asked for', async () => {
    await hear(['scale api', '5'], 'procs.yaml: api scaled to 5');
    await hear(['undo the last', 'yes'], 'procs.yaml: api scaled to 3');
    await hear(['scale api', 'many'], 'nothing was done');
    await hear(['scale api', ''], 'nothing was done');
    await hear(['signal api.1', 'usr1'], 'USR1 sent to api.1');
    await hear(['roll back', 'y'], 'the configuration of generation 2 is in force again');
    expect(requests()).toEqual([
      ['signal', { name: 'api.1', signal: 'USR1' }],
      ['rollback', { to: null }],
    ]);
  });

  test('an error is said', async () => {
    await hear(['stop db'], 'error: it cannot be stopped (wait)');
  });

  test('without questions where none is wanted', async () => {
    await open({ asksFirst: false });
    await hear(['restart api'], 'restarting api');
  });
});

describe('typing into a program', () => {
  const open = (input: 'stdin' | 'tty') => {
    const shell = serviceStatus('shell', [instanceStatus('shell.1', 'ready')], { input });
    commands.update(shopStatus({ services: [shell] }));
  };

  test('each line goes to it, commands too, until an empty line', async () => {
    open('stdin');
    expect(await hear(['type into shell', '  hello ', 'status', ''], 'commands again')).toEqual([
      'each line goes to shell.1; an empty line ends that',
      'shell.1 got ["  hello "]',
      'shell.1 got ["status"]',
      'commands again',
    ]);
    expect(await hear(['type into shell', 'too much'], 'does not read')).toContain('error: shell.1 does not read');
  });

  test('one with a terminal of its own is named', async () => {
    open('tty');
    await hear(['type into shell'], '`orch attach shell.1` connects to it');
  });
});

describe('what is said', () => {
  test('the states', async () => {
    expect(await hear(['status'], 'as declared')).toEqual([
      'api: ready, 3 of 3',
      'db: ready',
      'mailer: backoff, exited with code 1; starts again in 2 s',
      'migrate: completed',
      'worker: ready, 20 of 20',
      'not everything is as declared',
    ]);
    commands.update(shopStatus({ converged: true, services: [pool('none', 0)] }));
    expect(await hear(['ps'], 'as declared')).toEqual(['none: no instance, 0 of 0', 'everything is as declared']);
  });

  test('why, and everything known, without boxes and glyphs', async () => {
    expect(await hear(['why mailer'], 'fix it')).toEqual([
      'mailer.1 backoff',
      'it exits at once',
      'because db is down',
      'remedy: fix it',
    ]);
    expect(await hear(['show db'], 'fine')).toEqual(['why', 'db fine']);
  });

  test('the dependencies, one service a line', async () => {
    const services = shopStatus().services.map((service) => ({
      ...service,
      dependsOn: service.name === 'api' ? [{ service: 'mailer', condition: 'ready' as const, met: false }] : [],
    }));
    commands.update(shopStatus({ services }));
    expect(await hear(['dependencies'], 'worker')).toEqual([
      'mailer backoff exited with code 1; starts again in 2 s',
      'api x3 ready 3/3 not yet: once mailer is ready',
      'without dependencies',
      'db ready',
      'migrate completed',
      'worker x20 ready 20/20',
    ]);
  });

  test('the history and the edit on disk, once the supervisor has answered', async () => {
    const record = { generation: 1, at: '2026-03-01T12:00:00Z', by: 'up' as const, env: null, commit: null };
    answers.history = () => ({ current: 1, generations: [{ ...record, summary: '5 services' }] });
    answers.heldEdit = () => {
      throw { code: 'going-down', message: 'the project is going down' };
    };
    expect(await hear(['history'], '5 services')).toEqual([expect.stringMatching(/^1 2026-03-01 .* up 5 services$/)]);
    expect(await hear(['the edit on disk'], 'going down')).toEqual([
      'They are what runs: generation 3.',
      'the project is going down',
    ]);
    expect(requests().map(([method]) => method)).toEqual(['history', 'heldEdit']);
  });

  test('help: every command once, the names left out', async () => {
    const texts = await hear(['help'], 'a part is enough');
    expect(texts.join('\n')).toMatch(/restart NAME, stop NAME, why NAME, show NAME/);
    expect(texts.join('\n')).toMatch(/pause: let edits of the files wait/);
    expect(texts.length).toBeLessThan(22);
    expect(texts.join('')).not.toMatch(/[^\x20-\x7e]/);
  });
});

test.each<[string[], boolean, string[]]>([
  [['quit', ''], true, []],
  [['quit', 's'], true, ['down']],
  [['q', 'd'], true, ['detached']],
  [['detach'], true, ['detached']],
  [['quit'], false, ['quit']],
])('%j leaves (owning: %s): %j', async (lines, owning, how) => {
  await open({ owning });
  for (const line of lines) commands.enter(line);
  expect(left).toEqual(how);
});
