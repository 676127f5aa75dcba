// Connections to the programs of the simulated machine: answered after a moment, or never.
import { tcpTarget } from '../../../src/os/probe/connect.ts';
import { type RunningCheck, runCheck } from '../../../src/os/probe/running-check.ts';

export { connectionFailure, tcpTarget } from '../../../src/os/probe/connect.ts';

export function checkTcp(address: string): RunningCheck {
  const { guest, machine } = bridge;
  return runCheck((settle) =>
    guest.later(machine.chance.between(0, 20), () => {
      const outcome = machine.health.probe(tcpTarget(address).port);
      if (outcome) settle(outcome);
    }),
  );
}

export function checkUnix(): RunningCheck {
  throw new Error('the simulated machine has no unix sockets to probe');
}
