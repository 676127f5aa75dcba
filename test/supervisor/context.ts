// What the parts of a supervisor share, for tests of one part: a context that records what is received and reported.

import { projectPaths } from '../../src/api/paths.ts';
import { desiredOf, NO_OVERRIDES } from '../../src/core/desired.ts';
import type { InstanceEvent } from '../../src/core/instance-event.ts';
import type { EventDraft } from '../../src/supervisor/kernel/events.ts';
import { Nonces } from '../../src/supervisor/kernel/nonce.ts';
import type { SupervisorContext } from '../../src/supervisor/kernel/supervisor-context.ts';

export type TestContext = SupervisorContext & { received: InstanceEvent[]; reported: EventDraft[] };

export function contextOf(parts: Partial<SupervisorContext> = {}): TestContext {
  const received: InstanceEvent[] = [];
  const reported: EventDraft[] = [];
  return {
    paths: projectPaths('/projects/a'),
    clock: { nowMs: () => 5_000, setTimer: () => ({ cancel: () => undefined }) },
    inbox: { receive: (_id, _nonce, event) => void received.push(event) },
    specs: { slots: new Map(), desired: desiredOf(null, NO_OVERRIDES, false), specOf: () => null },
    journal: { report: (draft) => void reported.push(draft) },
    nonces: new Nonces(['test.']),
    launchContext: () => ({ project: 'test', env: null, root: '/', inherited: {}, portOf: () => undefined }),
    ...parts,
    received,
    reported,
  };
}
