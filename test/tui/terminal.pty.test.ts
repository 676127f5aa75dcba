// End to end in a real pseudo-terminal: keys, resizes, hostile output, and that the terminal is afterwards as it was.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventRecord, Status } from '../../src/api/protocol.ts';
import { type Answers, type FakeSupervisor, sampleStatus, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { HOSTILE } from './hostile.ts';
import { bundleHost, type HostTerminal, openHost, writeOutput } from './terminal-host.ts';

const TIMEOUT_MS = 60_000;
const SIZE = { columns: 100, rows: 30 };
const forever = new Promise<never>(() => undefined);

let host: Awaited<ReturnType<typeof bundleHost>>;
let supervisor: FakeSupervisor;
let terminal: HostTerminal | null = null;
let answers: Answers;
let send: (status: Status) => void = () => undefined;

beforeAll(async () => {
  host = await bundleHost();
}, TIMEOUT_MS);
afterAll(() => host.remove());

beforeEach(async () => {
  answers = {
    watchStatus: (_params, call) => {
      send = (status) => call.event(status);
      call.event(sampleStatus());
      return forever;
    },
    events: (_params, call) => {
      call.event(record('db.1 exited with code 1'));
      return forever;
    },
    restart: ({ names }) => ({ instances: names }),
    stop: ({ names }) => ({ instances: names }),
    start: ({ names }) => ({ instances: names }),
    scale: ({ service, size }) => ({ service, size: size ?? 1 }),
    why: ({ name }) => ({
      explanations: [{ id: name, state: 'backoff', causes: ['it exits at once'], unblock: 'fix it' }],
    }),
    own: () => ({}),
    disown: () => ({}),
    down: () => ({ stopped: 2, leftovers: [] }),
  };
  supervisor = await startFakeSupervisor(answers);
  writeOutput(supervisor.paths.logsDir, [['api.1', 'o', 'first line of api.1']]);
});
afterEach(async () => {
  terminal?.close();
  terminal = null;
  await supervisor.close();
});

function record(message: string): EventRecord {
  return {
    seq: 1,
    time: new Date().toISOString(),
    type: 'exited',
    service: null,
    instance: null,
    message,
    details: {},
  };
}

function open(flags = 'own colour file', size = SIZE, command = ''): HostTerminal {
  const program = `node ${host.file} ${supervisor.paths.root} ${flags}`;
  terminal = openHost(command === '' ? program : command.replace('HOST', () => program), size);
  return terminal;
}

async function opened(flags?: string, size = SIZE): Promise<HostTerminal> {
  const now = open(flags, size);
  await now.shows('first line of api.1');
  await now.shows('db.1 exited with code 1');
  return now;
}

const methods = () => supervisor.requests.map((request) => request.method);
/** The terminal's settings before and after, as `stty -g` prints them. */
const WITH_STTY = 'stty -g; HOST; code=$?; echo; stty -g; echo "code $code"';
function sttyStates(screen: string): string[] {
  return screen.split('\n').filter((line) => /^[0-9a-f]+(:[0-9a-f]+){10,}/.test(line));
}

describe('keys', () => {
  test(
    'services, output and events show; commands go to the supervisor',
    async () => {
      const now = await opened();
      expect(now.modes()).toMatchObject({ alternateScreen: true, cursorHidden: true });
      now.type('r');
      await now.shows('restarting api');
      now.type('\x1b[B\x1b[B'); // down, down
      await now.shows('api.2 output');
      now.type('s');
      await now.shows('stopping api.2');
      expect(
        supervisor.requests
          .filter(({ method }) => method === 'restart' || method === 'stop')
          .map(({ params }) => params),
      ).toEqual([{ names: ['api'] }, { names: ['api.2'] }]);
    },
    TIMEOUT_MS,
  );

  test(
    'why, help, events, output on the whole screen, and back',
    async () => {
      const now = await opened();
      now.type('w');
      await now.shows(/api ↻ backoff\s+it exits at once\s+▸ fix it/);
      now.type('\x1b');
      await now.shows('api output');
      now.type('?');
      await now.shows('fold or unfold all pools');
      now.type('q');
      await now.shows('api output');
      now.type('e');
      await now.shows(/── events ─+ ▼ following/);
      now.type('l');
      await now.shows(/── api output ─+/);
      expect(now.screen()).not.toContain('NAME');
      now.type('\x1b');
      await now.shows('NAME');
    },
    TIMEOUT_MS,
  );

  test(
    'scale edits the file, or asks for an override',
    async () => {
      const now = await opened();
      now.type('+');
      await now.shows(/scale api from 2 to {2}3 {3}edits procs\.yaml/);
      now.type('5\r');
      await now.shows('procs.yaml: api has 5');
      now.type('-\t\r');
      await now.shows('api has 1 for now');
      now.type('+999\r');
      await now.shows('procs.yaml:7 too many');
      expect(supervisor.requests.filter(({ method }) => method === 'scale').map(({ params }) => params)).toEqual([
        { service: 'file:api', size: 5 },
        { service: 'api', size: 1 },
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    'an error of the supervisor is shown',
    async () => {
      answers.restart = () => {
        throw { code: 'failed', message: 'api is being removed', hint: 'wait' };
      };
      const now = await opened();
      now.type('r');
      await now.shows('api is being removed (wait)');
    },
    TIMEOUT_MS,
  );

  test(
    'filter and search',
    async () => {
      const now = await opened();
      now.type('/migr');
      await waitFor(
        'only migrate is left',
        now.screen,
        (screen) => screen.includes('migrate') && !screen.includes('api.1 '),
      );
      now.type('\x1b');
      await now.shows('api.1');
      writeOutput(supervisor.paths.logsDir, [['api.2', 'e', 'an ERROR line']], true);
      await now.shows('an ERROR line');
      now.type('f');
      now.type('error\r');
      await waitFor('only the error is left', now.screen, (screen) => !screen.includes('first line of api.1'));
      expect(now.screen()).toContain('an ERROR line');
    },
    TIMEOUT_MS,
  );

  test(
    'pasted text does nothing',
    async () => {
      const now = await opened();
      now.type('\x1b[200~rs+q\x1b[201~');
      now.type('w');
      await now.shows('it exits at once');
      expect(methods().filter((method) => ['restart', 'stop', 'scale', 'down'].includes(method))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'copy: plain text on the normal screen, and any key comes back',
    async () => {
      writeOutput(supervisor.paths.logsDir, [['api.1', 'o', '\x1b[32mgreen\x1b[0m words']], true);
      const now = await opened();
      await now.shows('green words');
      now.type('c');
      await now.shows('any key comes back');
      expect(now.modes().alternateScreen).toBe(false);
      expect(now.screen()).toContain('green words');
      now.type('x');
      await now.shows('NAME');
      expect(now.modes().alternateScreen).toBe(true);
    },
    TIMEOUT_MS,
  );
});

describe('leaving', () => {
  const restored = { alternateScreen: false, cursorHidden: false, bracketedPaste: false, wrap: true };

  async function left(flags: string, leave: (now: HostTerminal) => void | Promise<void>): Promise<string> {
    const now = open(flags, SIZE, WITH_STTY);
    await now.shows('first line of api.1');
    await leave(now);
    await now.exited();
    expect(now.modes()).toMatchObject(restored);
    const [before, after] = sttyStates(now.screen());
    expect(before).toBeDefined();
    expect(after).toBe(before);
    return now.screen();
  }

  test(
    'q when owning: everything goes down',
    async () => {
      const screen = await left('own', (now) => now.type('q'));
      expect(screen).toContain('Stopped 2 instances.');
      expect(screen).toContain('outcome: down');
      expect(supervisor.requests.filter(({ method }) => method === 'down')).toMatchObject([
        { params: { timeoutMs: null } },
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    'Ctrl-C shows who is waited for; a second one ends it at once',
    async () => {
      answers.down = async ({ timeoutMs }, call) => {
        if (timeoutMs === 0) return { stopped: 2, leftovers: [{ pid: 77, instance: 'db.1' }] };
        call.event({ remaining: 1, holdingUp: ['db.1 (pid 77) ignores SIGTERM, SIGKILL in 9 s'] });
        return forever;
      };
      const screen = await left('own', async (now) => {
        now.type('\x03');
        await now.shows('db.1 (pid 77) ignores SIGTERM');
        await now.shows('1 left');
        now.type('\x03');
      });
      expect(screen).toContain('Still alive: pid 77 of db.1');
    },
    TIMEOUT_MS,
  );

  test(
    'q when not owning leaves it running',
    async () => {
      expect(await left('', (now) => now.type('q'))).toContain('outcome: quit');
      expect(methods()).not.toContain('down');
    },
    TIMEOUT_MS,
  );

  test(
    'd gives the ownership back first',
    async () => {
      expect(await left('own', (now) => now.type('d'))).toContain('outcome: detached');
      expect(methods()).toContain('disown');
      expect(methods()).not.toContain('down');
    },
    TIMEOUT_MS,
  );

  test(
    'a supervisor that goes away',
    async () => {
      expect(await left('own', () => supervisor.close())).toContain('outcome: lost');
    },
    TIMEOUT_MS,
  );

  test(
    'a project that is stopped from elsewhere',
    async () => {
      const screen = await left('', async (now) => {
        const [api, ...rest] = sampleStatus().services;
        const stopped = api!.instances.map((each) => ({ ...each, state: 'stopped' as const, pid: null }));
        send(sampleStatus({ services: [{ ...api!, instances: stopped }, ...rest] }));
        await now.shows('■ stopped');
        await supervisor.close();
      });
      expect(screen).toContain('outcome: down');
    },
    TIMEOUT_MS,
  );

  test.each(['TERM', 'HUP', 'QUIT'])(
    'SIG%s restores the terminal and then ends the program',
    async (signal) => {
      const direct = open(
        '',
        SIZE,
        WITH_STTY.replace('HOST', () => 'sh -c \'echo "pid $$"; exec HOST\''),
      );
      await direct.shows('first line of api.1');
      const pid = Number(/pid (\d+)/.exec(direct.raw())![1]);
      process.kill(pid, `SIG${signal}`);
      await direct.exited();
      expect(direct.modes()).toMatchObject(restored);
      const [before, after] = sttyStates(direct.screen());
      expect(after).toBe(before);
      expect(direct.screen()).toMatch(/code (143|129|131)/);
    },
    TIMEOUT_MS,
  );

  test(
    'a bug of ours restores the terminal and says what happened',
    async () => {
      const now = open('crash', SIZE, WITH_STTY);
      await now.exited();
      expect(now.modes()).toMatchObject(restored);
      const [before, after] = sttyStates(now.screen());
      expect(after).toBe(before);
      expect(now.screen()).toContain('failed: planted');
    },
    TIMEOUT_MS,
  );
});

describe('suspend', () => {
  test(
    'Ctrl-Z gives the terminal to the shell, fg comes back',
    async () => {
      const now = openShell();
      await now.shows('shell>');
      now.type(`node ${host.file} ${supervisor.paths.root}\r`);
      await now.shows('first line of api.1');
      now.type('\x1a');
      await waitFor('the shell is back', now.modes, (modes) => !modes.alternateScreen && !modes.cursorHidden);
      now.type('echo back in the $((40+2))\r');
      await now.shows('back in the 42');
      now.type('fg\r');
      await now.shows('NAME');
      now.type('w');
      await now.shows('it exits at once');
      now.type('\x1b');
      await now.shows('NAME');
      now.type('q');
      await now.shows('outcome: quit');
      now.type('exit\r');
      await now.exited();
    },
    TIMEOUT_MS,
  );

  function openShell(): HostTerminal {
    terminal = openHost("PS1='shell> ' exec bash --norc --noprofile -i", SIZE);
    return terminal;
  }
});

describe('sizes', () => {
  test(
    'a storm of resizes, down to nothing, ends in a whole picture',
    async () => {
      const now = await opened();
      for (let step = 0; step < 40; step++) now.resize(1 + ((step * 37) % 150), 1 + ((step * 13) % 50));
      now.resize(1, 1);
      now.resize(120, 40);
      await now.shows('first line of api.1');
      await waitFor('the footer is in the last line but one', now.screen, (screen) => screen.split('\n').length === 39);
      expect(now.screen().split('\n')[0]).toMatch(/^ shop .* MiB *$/);
      expect(now.screen().split('\n')[38]).toMatch(/^ \? help/);
    },
    TIMEOUT_MS,
  );

  test.each([
    { columns: 20, rows: 5 },
    { columns: 2, rows: 1 },
    { columns: 200, rows: 60 },
  ])(
    'begins at $columns×$rows',
    async (size) => {
      const now = open('', size);
      await waitFor('something is drawn', now.screen, (screen) => screen.trim() !== '');
      now.resize(SIZE.columns, SIZE.rows);
      await now.shows('first line of api.1');
      now.type('q');
      await now.shows('outcome: quit');
    },
    TIMEOUT_MS,
  );
});

describe('hostile text', () => {
  test(
    'leaves title, clipboard, modes and cursor of the terminal alone',
    async () => {
      const lines = HOSTILE.map(([what, text]): ['api.1', 'o', string] => [
        'api.1',
        'o',
        `${what}${text.replaceAll('\n', '')}.`,
      ]);
      for (let index = 0; index < lines.length; index += 12) {
        writeOutput(supervisor.paths.logsDir, lines.slice(index, index + 12), index > 0);
      }
      const now = open('own colour', { columns: 120, rows: 60 });
      await now.shows('tag characters');
      const before = now.modes();
      const [service] = sampleStatus().services;
      const all = HOSTILE.map(([, text]) => text).join('x');
      const hostile = {
        ...service!,
        name: `api${all}`,
        instances: service!.instances.map((each) => ({ ...each, reason: all })),
      };
      send(sampleStatus({ project: `shop${all}`, services: [hostile] }));
      await now.shows(/^ shopx/);
      for (const keys of ['G', 'w', '\x1b', 'e', '\x1b', 'l', 'x', '\x1b[5~', '\x1b']) now.type(keys);
      await now.shows('NAME');
      expect(now.modes()).toEqual(before);
      expect(before).toMatchObject({
        title: '',
        clipboard: [],
        bells: 0,
        alternateScreen: true,
        cursorHidden: true,
        mouse: 'none',
      });
      expect(before).toMatchObject({
        origin: false,
        insert: false,
        applicationCursorKeys: false,
        sendFocus: false,
        wrap: false,
      });
      const controls = now.raw().match(/\x1b(?!\[[\d;:]*m)[^\x1b]{0,8}/g) ?? [];
      const ours = /^\x1b\[(\d+;\d+H|K|J|\?(1049|25|7|2004|2026)[hl])/;
      expect(controls.filter((sequence) => !ours.test(sequence))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('drawing', () => {
  test(
    'nothing is written when nothing changes',
    async () => {
      answers.watchStatus = (_params, call) => {
        const [api, ...rest] = sampleStatus().services;
        // Uptimes of hours: no text changes by itself within this test.
        const startedAt = new Date(Date.now() - 7_230_000).toISOString();
        const services = [{ ...api!, instances: api!.instances.map((each) => ({ ...each, startedAt })) }, ...rest];
        const status = sampleStatus({ services });
        const timer = setInterval(() => call.event(status), 50);
        call.event(status);
        void call.gone.then(() => clearInterval(timer));
        return forever;
      };
      const now = await opened();
      const settled = now.raw().length;
      let statuses = 0;
      send = () => statuses++;
      await waitFor(
        'two seconds of the same status',
        () => performance.now(),
        (
          (start) => (time: number) =>
            time > start + 2000
        )(performance.now()),
      );
      expect(now.raw().length).toBe(settled);
      expect(statuses).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    'a flood of output costs at most ten frames a second',
    async () => {
      const now = await opened();
      const startMs = performance.now();
      const framesBefore = frames(now);
      let number = 0;
      while (performance.now() < startMs + 2000) {
        writeOutput(
          supervisor.paths.logsDir,
          Array.from({ length: 200 }, () => ['api.1', 'o', `line ${number++}`]),
          true,
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      const seconds = (performance.now() - startMs) / 1000;
      expect(frames(now) - framesBefore).toBeLessThanOrEqual(10 * seconds + 2);
      await now.shows(`line ${number - 1}`);
    },
    TIMEOUT_MS,
  );

  const frames = (now: HostTerminal) => now.raw().split('\x1b[?2026h').length - 1;
});
