// Runs the declared checks of a probe on one instance.
import type { Check, ProbeResult, ServiceSpec } from '../../core/spec.ts';
import type { LaunchContext } from '../../launch/environment.ts';
import { expanderOf } from '../../launch/environment.ts';
import { prepareTcp, prepareUnix } from '../../os/probe/connect.ts';
import { prepareHttp, withoutSecrets } from '../../os/probe/http.ts';
import { type RunningCheck, runCheck } from '../../os/probe/running-check.ts';
import { linearRegExp } from '../../v8/linear-regexp.ts';
import { prepareCommand } from './instance-command.ts';
import type { OwnAnswerCheck } from './own-answers.ts';

/** One instance as its checks see it. */
export type CheckSubject = {
  spec: ServiceSpec;
  index: number;
  /** How long its process has lived. */
  aliveMs(): number;
  /** Whether its process has printed such a line since its start. */
  hasLogged(pattern: string): boolean;
  hasNotified(): boolean;
  /** Whether its process has sent this message since its start. */
  hasSent(message: string): boolean;
  /** Time since the last watchdog message; for `liveness: { notify }`. */
  silentMs(): number;
  /** How often WATCHDOG=1 must come; null: the probe waits for READY=1. */
  watchdogMs: number | null;
  /** Of the commands that the probe runs. */
  nonce: string;
  /** Made for each check that asks an address. */
  answers(): OwnAnswerCheck;
  context: LaunchContext;
};

/** @returns the function that begins the check; templates are filled in once. */
export function prepareCheck(check: Check, subject: CheckSubject): () => RunningCheck {
  const { spec, index, context } = subject;
  const expand = expanderOf(spec, index, context);
  switch (check.kind) {
    case 'tcp': {
      const address = expand(check.address);
      return asking(subject, `tcp ${address}`, (answers) => prepareTcp(address, answers));
    }
    case 'unix': {
      const path = expand(check.path);
      return asking(subject, `unix ${path}`, (answers) => prepareUnix(path, answers));
    }
    case 'http':
      return httpCheck(check, expand, subject);
    case 'exec': {
      const run = prepareCommand(
        { spec, index, command: check.command, extra: { ORCH_NONCE: subject.nonce } },
        context,
      );
      return () => withName(run(), 'exec');
    }
    case 'log':
      return () => settled(subject.hasLogged(check.pattern), `no line of output has matched "${check.pattern}" yet`);
    case 'notify':
      return subject.watchdogMs === null
        ? () => settled(subject.hasNotified(), 'it has not sent READY=1 yet')
        : watchdog(subject, subject.watchdogMs);
    case 'ipc':
      return () => settled(subject.hasSent(check.message), `it has not sent the message "${check.message}" yet`);
    case 'delay':
      return () => settled(subject.aliveMs() >= check.delayMs, `${check.delayMs} ms have not passed yet`);
  }
}

/** A message may be late by half an interval: sd_watchdog_enabled(3) advises to send two in each. */
function watchdog(subject: CheckSubject, everyMs: number): () => RunningCheck {
  return () => {
    const silentMs = subject.silentMs();
    return settled(silentMs <= everyMs * 1.5, `no WATCHDOG=1 for ${silentMs} ms`);
  };
}

function httpCheck(
  check: Extract<Check, { kind: 'http' }>,
  expand: (template: string) => string,
  subject: CheckSubject,
): () => RunningCheck {
  const url = expand(check.url);
  const headers = Object.fromEntries(Object.entries(check.headers).map(([name, value]) => [name, expand(value)]));
  const pattern = check.body === null ? null : linearRegExp(check.body);
  const judge = (status: number, body: string): ProbeResult => {
    const isWanted = check.status === null ? status >= 200 && status < 400 : status === check.status;
    if (!isWanted) return { ok: false, because: `status ${status}` };
    if (pattern && !pattern.test(body)) return { ok: false, because: `the body does not match "${check.body}"` };
    return { ok: true };
  };
  const name = `http ${withoutSecrets(url)}`;
  const wantsBody = pattern !== null;
  return asking(subject, name, (answers) => prepareHttp({ method: 'GET', url, headers, judge, wantsBody, answers }));
}

/** A check that passes only where the instance itself answers. */
function asking(
  subject: CheckSubject,
  name: string,
  prepare: (answers: OwnAnswerCheck) => () => RunningCheck,
): () => RunningCheck {
  const answers = subject.answers();
  const begin = prepare(answers);
  return () => {
    const running = withName(begin(), name);
    const outcome = running.outcome.then((found) => {
      if (!found.ok) answers.forget();
      return found;
    });
    return { outcome, cancel: running.cancel };
  };
}

function withName(running: RunningCheck, name: string): RunningCheck {
  const outcome = running.outcome.then(
    (found): ProbeResult => (found.ok ? found : { ok: false, because: `${name}: ${found.because}` }),
  );
  return { outcome, cancel: running.cancel };
}

function settled(holds: boolean, because: string): RunningCheck {
  return runCheck((settle) => {
    settle(holds ? { ok: true } : { ok: false, because });
    return () => undefined;
  });
}
