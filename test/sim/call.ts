// A client of a simulated supervisor: calls a method of its API, and waits for the answer.
import type { Methods } from './machine/guest.ts';
import type { Socket } from './machine/machine.ts';

/** Settles when the method does; never when the supervisor dies first, or answers nothing any more. */
export function callMethod<M extends keyof Methods>(
  { guest, methods }: Socket,
  method: M,
  params: Parameters<Methods[M]>[0],
): Promise<unknown> {
  const call = { emit: () => true, signal: new AbortController().signal, connection: { owning: false } };
  return new Promise((resolve) => {
    guest.enter(() => {
      const run = methods[method] as (params: unknown, call: unknown) => unknown;
      // A refusal is an answer like any other.
      Promise.resolve()
        .then(() => !guest.isDeaf && run(params, call))
        .catch((refusal: unknown) => refusal)
        .then((answer) => guest.isDeaf || resolve(answer));
    });
  });
}
