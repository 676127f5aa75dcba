// The API without its socket: the simulation calls the methods directly. Whoever listens at a path replaces who did.
import type { ApiServer, MethodTable } from '../../../src/supervisor/api/api-server.ts';

export type { Call, MethodTable } from '../../../src/supervisor/api/api-server.ts';

export async function serve(path: string, methods: MethodTable, onOwnerGone: () => void): Promise<ApiServer> {
  const { guest, machine } = bridge;
  const listen = (): Promise<void> =>
    guest.pooled(() => {
      guest.effect(`listen ${path}`);
      // Left behind by whoever is killed, as a real one is. Where its directory was just deleted it is made again soon.
      if (machine.files.get(path.slice(0, path.lastIndexOf('/')))) machine.files.put(path, '');
      machine.sockets.set(path, { guest, methods, onOwnerGone });
    });
  await listen();
  return {
    listenAgain: listen,
    close: (onClosed: () => void) => {
      if (machine.sockets.get(path)?.guest === guest) {
        machine.sockets.delete(path);
        machine.files.removeTree(path);
      }
      guest.later(0, onClosed);
    },
  };
}
