// Statuses and states for the tests of the interface: fixed times, so that every frame is the same on every day.
import type { EventRecord, InstanceState, InstanceStatus, ServiceStatus, Status } from '../../src/api/protocol.ts';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import type { Effect } from '../../src/tui/model/effects.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { UiMessage } from '../../src/tui/model/messages.ts';
import { initialState, type TerminalSize, type UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';

export const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');

export function instanceStatus(id: string, state: InstanceState, change: Partial<InstanceStatus> = {}): InstanceStatus {
  const isAlive = ['starting', 'running', 'ready', 'unready', 'stopping'].includes(state);
  return {
    id,
    state,
    pid: isAlive ? 4000 + Number(id.split('.')[1]) : null,
    startedAt: isAlive ? new Date(NOW_MS - 125_000).toISOString() : null,
    restarts: 0,
    lastExit: null,
    adopted: false,
    specHash: 'abc',
    reason: null,
    cpuPercent: isAlive ? 1.5 : 0,
    rssBytes: isAlive ? 48 * 1024 * 1024 : 0,
    ...change,
  };
}

export function serviceStatus(
  name: string,
  instances: InstanceStatus[],
  change: Partial<ServiceStatus> = {},
): ServiceStatus {
  return {
    name,
    pool: instances.length,
    running: instances.filter((each) => each.pid !== null).length,
    ready: instances.filter((each) => each.state === 'ready').length,
    singleton: false,
    logQueue: 'default',
    override: null,
    instances,
    ...change,
  };
}

export function pool(name: string, size: number, state: InstanceState = 'ready'): ServiceStatus {
  return serviceStatus(
    name,
    Array.from({ length: size }, (_, index) => instanceStatus(`${name}.${index + 1}`, state)),
  );
}

export function shopStatus(change: Partial<Status> = {}): Status {
  return {
    project: 'shop',
    env: 'dev',
    generation: 3,
    converged: false,
    config: { files: ['procs.yaml'], status: 'applied', problems: [] },
    supervisor: {
      pid: 900,
      startedAt: new Date(NOW_MS - 3_600_000).toISOString(),
      rssBytes: 45 * 1024 * 1024,
      cpuPercent: 0.1,
    },
    services: [
      pool('api', 3),
      serviceStatus('db', [instanceStatus('db.1', 'ready')], { singleton: true }),
      serviceStatus('mailer', [
        instanceStatus('mailer.1', 'backoff', {
          restarts: 4,
          reason: 'exited with code 1; starts again in 2 s',
          lastExit: { code: 1 },
        }),
      ]),
      serviceStatus('migrate', [instanceStatus('migrate.1', 'completed', { lastExit: { code: 0 } })]),
      pool('worker', 20),
    ],
    logQueues: [
      {
        name: 'default',
        path: '.orch/logs/default.log',
        depthBytes: 2048,
        capacityBytes: 8_388_608,
        highWaterBytes: 65_536,
        lines: 100,
        bytes: 10_000,
        droppedLines: 0,
        overflow: 'block',
        error: null,
      },
    ],
    ...change,
  };
}

/** A rejected edit: two problems, the first with position, excerpt and hint. */
export function rejectedConfig(): Status['config'] {
  const problem = { severity: 'error' as const, file: 'procs.yaml', code: 'unknown-key', column: 5 };
  return {
    files: ['procs.yaml'],
    status: 'rejected',
    problems: [
      { ...problem, severity: 'warning', line: 3, message: 'a warning', hint: null, excerpt: null },
      {
        ...problem,
        line: 12,
        message: 'unknown key "comand" in service "api"',
        hint: 'did you mean "command"?',
        excerpt: { text: '    comand: node server.js', caretColumn: 5, caretLength: 6 },
      },
      { ...problem, line: 14, message: 'another', hint: null, excerpt: null },
    ],
  };
}

export function event(seq: number, message: string, change: Partial<EventRecord> = {}): EventRecord {
  const time = new Date(NOW_MS - 60_000 + seq * 1000).toISOString();
  return { seq, time, type: 'exited', service: null, instance: null, message, details: {}, ...change };
}

export function outputLine(number: number, change: Partial<LogLine> = {}): LogLine {
  const timeMs = NOW_MS - 10_000 + number;
  return {
    timeMs,
    service: 'api',
    instance: `api.${1 + (number % 3)}`,
    stream: 'o',
    line: `request ${number}`,
    ...change,
  };
}

export function ringOf(count: number): LogRing {
  const ring = new LogRing();
  ring.push(Array.from({ length: count }, (_, index) => outputLine(index)));
  return ring;
}

/** A state as after the first messages of a supervisor. */
export function shownState(size: TerminalSize, change: Partial<UiState> = {}): UiState {
  const state = initialState({ size, owning: true, canEditFile: true, asksFirst: true });
  return { ...state, status: shopStatus(), events: [event(1, 'mailer.1 exited with code 1')], ...change };
}

/** Presses keys one after the other; gathers what they ask of the outside. */
export function press(state: UiState, keys: string[], log = new LogRing()): { state: UiState; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const name of keys) {
    const reduced = reduce(state, { kind: 'key', name, nowMs: NOW_MS } satisfies UiMessage, log);
    state = reduced.state;
    effects.push(...reduced.effects);
  }
  return { state, effects };
}
