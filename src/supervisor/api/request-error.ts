// A failure that the client should read. Apart from the server, so that pure files need not load node:net.
import type { WireError } from '../../api/protocol.ts';

/** An expected failure of a call: becomes the error of its reply. */
export class RequestError extends Error {
  readonly wire: WireError;
  constructor(wire: WireError) {
    super(wire.message);
    this.wire = wire;
  }
}
