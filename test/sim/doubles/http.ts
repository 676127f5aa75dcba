// Requests to the programs of the simulated machine: drains only.
import type { HttpRequest } from '../../../src/os/probe/http.ts';
import { type RunningCheck, runCheck } from '../../../src/os/probe/running-check.ts';

export type { HttpRequest } from '../../../src/os/probe/http.ts';

export function requestHttp({ url, judge, answers }: HttpRequest): RunningCheck {
  const { guest, machine } = bridge;
  const port = Number(/:(\d+)\//.exec(url)?.[1]);
  return runCheck((settle) =>
    guest.later(machine.chance.between(0, 5), async () => {
      if (machine.ports.inodesAt(port).length === 0 && machine.ports.ownerOf(port) === null)
        return settle({ ok: false, because: 'connection refused' });
      const verdict = answers.isKnown() || (await answers.check({ kind: 'tcp', host: '127.0.0.1', port }));
      if (verdict !== true && !verdict.ok) return settle(verdict);
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
