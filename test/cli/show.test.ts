// A view that loses its connection, against a scripted supervisor: what it connects to next, and what it leaves behind.
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Client, connect } from '../../src/api/client.ts';
import { createContext } from '../../src/cli/context/context.ts';
import { Interrupts } from '../../src/cli/up/interrupts.ts';
import { showProject } from '../../src/cli/up/show.ts';
import type { ShownProject } from '../../src/cli/up/shown-project.ts';
import {
  type Answers,
  type Call,
  type FakeSupervisor,
  sampleStatus,
  startFakeSupervisor,
} from '../api/fake-supervisor.ts';
import { type Capture, capture } from './run-command.ts';

let supervisor: FakeSupervisor;
let interrupts: Interrupts;
let stderr: Capture;
let answers: Answers;
/** Of the latest view. */
let watching: Call<'watchStatus'>;
const silence = () => new Promise<never>(() => undefined);

beforeEach(async () => {
  stderr = capture();
  interrupts = new Interrupts();
  answers = {
    watchStatus: (_params, call) => {
      watching = call;
      call.event(sampleStatus());
      return silence();
    },
    events: silence,
    own: () => ({}),
    down: (_params, call) => {
      setTimeout(call.hangUp, 20);
      return { stopped: 2, leftovers: [] };
    },
  };
  supervisor = await startFakeSupervisor(answers);
});
afterEach(() => {
  interrupts.stop();
  return supervisor.close();
});

async function show(view: Partial<ShownProject> = {}) {
  const client = (await connect(supervisor.paths))!;
  const context = createContext(
    {},
    { stdout: capture(view.wantsTui ? 80 : undefined), stderr, environment: {}, cwd: supervisor.paths.root },
  );
  const { paths } = supervisor;
  return showProject(context, {
    client,
    paths,
    owning: true,
    wantsTui: false,
    tasks: null,
    sinceMs: 0,
    interrupts,
    ...view,
  });
}

/** The full-screen view is only for a terminal. */
async function inTerminal(run: () => Promise<unknown>): Promise<unknown> {
  const { isTTY } = process.stdin;
  process.stdin.isTTY = true;
  return await run().finally(() => {
    process.stdin.isTTY = isTTY;
  });
}

const asked = (method: string) => supervisor.requests.filter((request) => request.method === method);
const isAsked = (method: string, times: number) =>
  expect.poll(() => asked(method).length, { timeout: 5_000 }).toBe(times);

test('while a view looks for the next supervisor, a second Ctrl-C kills what is left', async () => {
  let finish: () => void = () => undefined;
  answers.down = async ({ timeoutMs }) => {
    if (timeoutMs === 0) finish();
    else await new Promise<void>((resolve) => (finish = resolve));
    return { stopped: 1, leftovers: [] };
  };
  process.emit('SIGINT');
  const code = inTerminal(() => show({ wantsTui: true }));
  await isAsked('down', 1);
  process.emit('SIGINT');
  expect(await code).toBe(0);
  expect(asked('down').map(({ params }) => params)).toEqual([{ timeoutMs: null }, { timeoutMs: 0 }]);
});

test('dropped by a supervisor that keeps running, the view owns it again', async () => {
  const code = show();
  await isAsked('events', 1);
  watching.hangUp();
  await isAsked('events', 2);
  expect(asked('own').length).toBe(1);
  process.emit('SIGINT');
  expect(await code).toBe(0);
  expect(stderr.text()).toContain('the connection to the supervisor was lost and has been restored\n');
  expect(stderr.text()).not.toContain('taken over');
});

type Options = { findNext(hasLeft: () => boolean): Promise<{ client: Client; notice: string } | null> };

/** Shown in a terminal by a view that is `runTui`; `whileLoading` is called before it is there. */
function showFull(
  view: Partial<ShownProject>,
  whileLoading: () => void,
  runTui: (options: Options) => Promise<string>,
): Promise<unknown> {
  vi.doMock('../../src/tui/main.tsx', async () => {
    await new Promise((done) => setImmediate(done));
    whileLoading();
    return { runTui };
  });
  onTestFinished(() => {
    vi.doUnmock('../../src/tui/main.tsx');
    vi.resetModules();
  });
  return inTerminal(() => show({ ...view, wantsTui: true }));
}

test.each([
  [true, 1],
  [false, 0],
])('Ctrl-C while the full-screen view is loaded is heard: owning %s, %i times down', async (owning, downs) => {
  const runTui = vi.fn(async () => 'quit');
  expect(await showFull({ owning }, () => process.emit('SIGINT'), runTui)).toBe(0);
  expect(asked('down').length).toBe(downs);
  expect(runTui).not.toHaveBeenCalled();
});

test('the full-screen view handles signals from its first moment', async () => {
  let heardByUs = Number.NaN;
  const runTui = () => {
    const heard = interrupts.count;
    setImmediate(() => {
      process.emit('SIGHUP');
      heardByUs = interrupts.count - heard;
    });
    return new Promise<string>((resolve) => setTimeout(() => resolve('quit'), 20));
  };
  expect(await showFull({}, () => undefined, runTui)).toBe(0);
  expect(heardByUs).toBe(0);
});

test('Ctrl-C while the full-screen view ends is not lost', async () => {
  const runTui = vi.fn(async () => {
    const ofTheView = () => undefined;
    process.on('SIGINT', ofTheView);
    await new Promise((done) => setImmediate(done));
    process.kill(process.pid, 'SIGINT'); // delivered at once; listeners are called only in the next turn
    process.off('SIGINT', ofTheView);
    return 'lost';
  });
  expect(await showFull({}, () => undefined, runTui)).toBe(0);
  expect(runTui).toHaveBeenCalledTimes(1);
  expect(asked('down').length).toBe(1);
});

test('the full-screen view continues with the next supervisor, and says why', async () => {
  let notice = '';
  const runTui = vi.fn(async ({ findNext }: Options) => {
    const next = await findNext(() => false);
    notice = next!.notice;
    next!.client.close();
    return 'quit';
  });
  expect(await showFull({}, () => undefined, runTui)).toBe(0);
  expect(notice).toBe('the connection to the supervisor was lost and has been restored');
  expect(asked('own').length).toBe(1);
  expect(stderr.text()).toBe('');
});

test('the full-screen view looks for the next supervisor until its user leaves', async () => {
  const runTui = vi.fn(async ({ findNext }: Options) => {
    await supervisor.close();
    let asks = 0;
    expect(await findNext(() => ++asks > 3)).toBeNull();
    return 'lost';
  });
  expect(await showFull({ owning: false }, () => undefined, runTui)).toBe(1);
  expect(stderr.text()).toMatch(/^error: the supervisor has exited unexpectedly/);
});
