// `listen` -> addresses. Nothing is bound here; what two services share is found by checks/listening.ts.
import { basename, resolve } from 'node:path';
import type { HeldAddress } from '../../core/model.ts';
import { problemAt, quote } from '../problem.ts';
import { variablesOf } from '../template.ts';
import { itemsOf, type Tree } from '../tree/tree.ts';
import type { Normalizing } from './normalizing.ts';
import { literalOf, textOf } from './normalizing.ts';

/** `host:port` or `[host]:port`; everything else is a path of a socket. */
const TCP = /^(?:\[([0-9a-fA-F:.]+)\]|([^/:[\]]+)):(\d{1,5})$/;
/** What an address family of the kernel holds (sockaddr_un), less its end. */
const MAX_PATH_BYTES = 103;

/** @param portless fills in `${PORT}` for a service without a port. */
export function normalizeListen(
  tree: Tree | undefined,
  portless: (tree: Tree) => Tree,
  { root, problems }: Pick<Normalizing, 'root' | 'problems'>,
): HeldAddress[] {
  const refuse = (at: Tree, message: string, hint: string): void => {
    problems.push(problemAt(at.at, { code: 'bad-value', message, hint }));
  };
  return itemsOf(tree).flatMap((item) => {
    const filled = portless(item);
    const [variable] = variablesOf(textOf(filled));
    if (variable) {
      const message = `the whole pool shares the socket, but ${quote(variable.name)} differs from instance to instance`;
      refuse(item, message, 'write the address itself; take `port` out when the sockets are held');
      return [];
    }
    return addressOf(literalOf(filled) ?? textOf(filled), root, (message, hint) => refuse(item, message, hint));
  });
}

function addressOf(text: string, root: string, refuse: (message: string, hint: string) => void): HeldAddress[] {
  const tcp = TCP.exec(text);
  if (tcp) {
    const [, six, host, port] = tcp;
    if (Number(port) >= 1 && Number(port) <= 65_535)
      return [{ kind: 'tcp', host: six ?? (host === '*' ? '0.0.0.0' : host!), port: Number(port), name: port! }];
    refuse(`${quote(text)} has no port from 1 to 65535`, 'for example "127.0.0.1:8000"');
    return [];
  }
  if (!text.includes('/')) {
    refuse(`${quote(text)} is no address and no path`, 'for example "127.0.0.1:8000" or "./api.sock"');
    return [];
  }
  const path = resolve(root, text);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    refuse(`the socket path ${quote(path)} is too long`, `at most ${MAX_PATH_BYTES} bytes`);
    return [];
  }
  return [{ kind: 'unix', path, name: basename(path).replaceAll(':', '_') }];
}
