// Requests to the programs of the simulated machine: drains only.
import type { HttpRequest } from '../../../src/os/probe/http.ts';
import { type RunningCheck, runCheck } from '../../../src/os/probe/running-check.ts';

export type { HttpRequest } from '../../../src/os/probe/http.ts';

export function requestHttp({ url, judge }: HttpRequest): RunningCheck {
  const { guest, machine } = bridge;
  const port = Number(/:(\d+)\//.exec(url)?.[1]);
  return runCheck((settle) =>
    guest.later(machine.chance.between(0, 5), () => {
      guest.effect(`drain at port ${port}`);
      const refused = machine.health.drain(port, () => guest.later(0, () => settle(judge(200, ''))));
      if (refused) settle({ ok: false, because: refused });
    }),
  );
}

export function prepareHttp(): () => RunningCheck {
  throw new Error('the simulated machine has no HTTP to probe');
}

export const withoutSecrets = (url: string): string => url;
