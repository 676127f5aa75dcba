// Finds TCP ports that no process listens on, for `port: auto`. Keeps none open: the program binds its port itself.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { bindTcp } from './bound-handle.ts';

/** Below the ports of outgoing connections of most systems, and above most servers. The second one is for hosts that use the
 * first for outgoing connections. */
const BANDS = [
  { first: 20_000, count: 10_000 },
  { first: 10_000, count: 10_000 },
] as const;
/** Default ports of servers that may be started later: Minecraft, Redis Sentinel, MongoDB. */
const AVOIDED = new Set([25_565, 26_379, 27_017, 27_018, 27_019]);
/** A project begins at a multiple of it, so that the ports of small projects do not overlap. */
const BLOCK = 10;
const ADDRESSES = ['127.0.0.1', '0.0.0.0', '::1', '::'] as const;
/** Other errors do not say that the port is in use: no IPv6 here, or no descriptor is left. */
const IN_USE = new Set(['EADDRINUSE', 'EACCES']);

export class FreePorts {
  #offset: number;

  /** @param seed of the project: two projects search in different orders, and one always in the same */
  constructor(seed: string) {
    const blocks = BANDS[0].count / BLOCK;
    this.#offset = (createHash('sha256').update(seed).digest().readUInt32BE(0) % blocks) * BLOCK;
  }

  /** @returns null: every port is in use, or among `taken` */
  choose(taken: ReadonlySet<number>): number | null {
    const outgoing = outgoingPorts();
    const isOutgoing = (port: number): boolean => port >= outgoing.first && port <= outgoing.last;
    for (const mayBeOutgoing of [false, true]) {
      for (const { first, count } of BANDS) {
        for (let step = 0; step < count; step++) {
          const port = first + ((this.#offset + step) % count);
          if (isOutgoing(port) !== mayBeOutgoing || AVOIDED.has(port) || taken.has(port)) continue;
          if (this.isFree(port)) return port;
        }
      }
    }
    return null;
  }

  /** On loopback and on all addresses: a server on either would get connections that are meant for the other. */
  isFree(port: number): boolean {
    return ADDRESSES.every((address) => {
      const bound = bindTcp(address, port);
      if (typeof bound === 'number') return !IN_USE.has(getSystemErrorName(bound));
      bound.close();
      return true;
    });
  }
}

/** The range from which the kernel takes the port of an outgoing connection. */
function outgoingPorts(): { first: number; last: number } {
  try {
    const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    if (first! > 0 && last! >= first!) return { first: first!, last: last! };
  } catch {
    // not Linux: the range of IANA, which macOS and Windows use
  }
  return { first: 49_152, last: 65_535 };
}
