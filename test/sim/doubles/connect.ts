// Connections to the programs of the simulated machine: answered after a moment, or never.
import type { AnswerCheck } from '../../../src/os/probe/answer-check.ts';
import { tcpTarget } from '../../../src/os/probe/connect.ts';
import { type RunningCheck, runCheck } from '../../../src/os/probe/running-check.ts';

export { connectionFailure, tcpTarget } from '../../../src/os/probe/connect.ts';

export function prepareTcp(address: string, answers: AnswerCheck): () => RunningCheck {
  const { guest, machine } = bridge;
  const { host, port } = tcpTarget(address);
  const begin = (): RunningCheck =>
    runCheck((settle) =>
      guest.later(machine.chance.between(0, 20), () => {
        const outcome = machine.health.probe(port);
        if (!outcome) return;
        if (!outcome.ok || answers.isKnown()) settle(outcome);
        else void answers.check({ kind: 'tcp', host, port }).then((own) => settle(own));
      }),
    );
  return begin;
}

export function prepareUnix(): () => RunningCheck {
  throw new Error('the simulated machine has no unix sockets to probe');
}
