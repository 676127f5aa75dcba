// The API without its socket: the simulation calls the methods directly. Whoever listens at a path replaces who did.
import type { ApiServer, Methods } from '../../../src/supervisor/api/server.ts';

export { type Call, type Methods, RequestError } from '../../../src/supervisor/api/server.ts';

export async function serve(path: string, methods: Methods, onOwnerGone: () => void): Promise<ApiServer> {
  const { guest, machine } = bridge;
  const listen = (): Promise<void> =>
    guest.pooled(() => {
      guest.effect(`listen ${path}`);
      machine.sockets.set(path, { guest, methods, onOwnerGone });
    });
  await listen();
  return {
    listenAgain: listen,
    close: (onClosed: () => void) => {
      if (machine.sockets.get(path)?.guest === guest) machine.sockets.delete(path);
      guest.later(0, onClosed);
    },
  };
}
