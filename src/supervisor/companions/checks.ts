// From the declared checks of a probe to checks under way on one instance.
import type { Check, Outcome, ServiceSpec } from '../../core/model.ts';
import { linearRegExp } from '../../runtime/linear-regexp.ts';
import { checkTcp, checkUnix } from '../../runtime/probe/connect.ts';
import { prepareHttp, withoutSecrets } from '../../runtime/probe/http.ts';
import { type Running, runCheck } from '../../runtime/probe/running.ts';
import { expanderOf, type LaunchContext } from '../perform/launch.ts';
import { prepareBeside } from '../perform/run-beside.ts';

/** One instance as its checks see it. */
export type Subject = {
  spec: ServiceSpec;
  index: number;
  /** How long its process has lived. */
  aliveMs(): number;
  /** Whether its process has said so since its start. */
  hasLogged(pattern: string): boolean;
  hasNotified(): boolean;
  /** Whether a watchdog message is overdue; for `liveness: { notify }`. */
  silentMs(): number;
  /** Of the probe that is made ready: how often WATCHDOG=1 must come; null: READY=1 is waited for. */
  watchdogMs: number | null;
  /** Of the commands that are run for it. */
  nonce: string;
  context: LaunchContext;
};

/** @returns the function that begins the check; templates are filled in once. */
export function prepareCheck(check: Check, subject: Subject): () => Running {
  const { spec, index, context } = subject;
  const expand = expanderOf(spec, index, context);
  switch (check.kind) {
    case 'tcp': {
      const address = expand(check.address);
      return () => named(checkTcp(address), `tcp ${address}`);
    }
    case 'unix': {
      const path = expand(check.path);
      return () => named(checkUnix(path), `unix ${path}`);
    }
    case 'http':
      return httpCheck(check, expand);
    case 'exec': {
      const run = prepareBeside({ spec, index, command: check.command, extra: { ORCH_NONCE: subject.nonce } }, context);
      return () => named(run(), 'exec');
    }
    case 'log':
      return () => settled(subject.hasLogged(check.pattern), `no line of output has matched "${check.pattern}" yet`);
    case 'notify':
      return subject.watchdogMs === null
        ? () => settled(subject.hasNotified(), 'it has not sent READY=1 yet')
        : watchdog(subject, subject.watchdogMs);
    case 'delay':
      return () => settled(subject.aliveMs() >= check.delayMs, `${check.delayMs} ms have not passed yet`);
  }
}

/** A message late by half its interval is late: sd_watchdog_enabled(3) advises to send two in each. */
function watchdog(subject: Subject, everyMs: number): () => Running {
  return () => {
    const silentMs = subject.silentMs();
    return settled(silentMs <= everyMs * 1.5, `no WATCHDOG=1 for ${silentMs} ms`);
  };
}

function httpCheck(check: Extract<Check, { kind: 'http' }>, expand: (template: string) => string): () => Running {
  const url = expand(check.url);
  const headers = Object.fromEntries(Object.entries(check.headers).map(([name, value]) => [name, expand(value)]));
  const pattern = check.body === null ? null : linearRegExp(check.body);
  const judge = (status: number, body: string): Outcome => {
    const isWanted = check.status === null ? status >= 200 && status < 400 : status === check.status;
    if (!isWanted) return { ok: false, because: `status ${status}` };
    if (pattern && !pattern.test(body)) return { ok: false, because: `the body does not match "${check.body}"` };
    return { ok: true };
  };
  const name = `http ${withoutSecrets(url)}`;
  const begin = prepareHttp({ method: 'GET', url, headers, judge, wantsBody: pattern !== null });
  return () => named(begin(), name);
}

function named(running: Running, name: string): Running {
  const outcome = running.outcome.then(
    (found): Outcome => (found.ok ? found : { ok: false, because: `${name}: ${found.because}` }),
  );
  return { outcome, cancel: running.cancel };
}

function settled(holds: boolean, because: string): Running {
  return runCheck((settle) => {
    settle(holds ? { ok: true } : { ok: false, because });
    return () => undefined;
  });
}
