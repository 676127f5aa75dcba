// Hooks of the simulated machine: they take the time that the scenario sets and succeed, or never end.
import type { ExecRequest } from '../../../src/os/probe/exec.ts';
import { type RunningCheck, runCheck } from '../../../src/os/probe/running-check.ts';

export type { ExecRequest } from '../../../src/os/probe/exec.ts';

export function runExec({ args }: ExecRequest): RunningCheck {
  const { guest } = bridge;
  const takesMs = JSON.parse(args[0]!) as number | null;
  return runCheck((settle) => (takesMs === null ? () => undefined : guest.later(takesMs, () => settle({ ok: true }))));
}
