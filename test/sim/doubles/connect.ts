// Connections to the programs of the simulated machine: answered after a moment, or never.
import { tcpTarget } from '../../../src/runtime/probe/connect.ts';
import { type Running, runCheck } from '../../../src/runtime/probe/running.ts';

export { connectionFailure, tcpTarget } from '../../../src/runtime/probe/connect.ts';

export function checkTcp(address: string): Running {
  const { guest, machine } = bridge;
  return runCheck((settle) =>
    guest.later(machine.chance.between(0, 20), () => {
      const outcome = machine.health.probe(tcpTarget(address).port);
      if (outcome) settle(outcome);
    }),
  );
}

export function checkUnix(): Running {
  throw new Error('the simulated machine has no unix sockets to probe');
}
