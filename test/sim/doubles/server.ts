// The API without its socket: the simulation calls the methods directly. A new listener at a path replaces the one before.
import type { ApiServer, MethodTable } from '../../../src/supervisor/api/api-server.ts';

export type { Call, MethodTable } from '../../../src/supervisor/api/api-server.ts';

export async function serve(path: string, methods: MethodTable, onOwnerGone: () => void): Promise<ApiServer> {
  const { guest, machine } = bridge;
  const listen = (): Promise<void> =>
    guest.pooled(() => {
      guest.effect(`listen ${path}`);
      // A killed supervisor leaves it behind, as in reality. If its directory was just deleted, orch soon makes it again.
      if (machine.files.get(path.slice(0, path.lastIndexOf('/')))) machine.files.put(path, '');
      machine.sockets.set(path, { guest, methods, onOwnerGone });
    });
  await listen();
  return {
    listenAgain: listen,
    freeze: () => {
      guest.isDeaf = true;
    },
    close: (onClosed: () => void) => {
      if (machine.sockets.get(path)?.guest === guest) {
        machine.sockets.delete(path);
        machine.files.removeTree(path);
      }
      guest.later(0, onClosed);
    },
  };
}
