// How the library reports what a supervisor refused or could not do.
import { ClientError } from '../api/client.ts';
import type { WireError } from '../api/protocol.ts';
import type { Problem } from '../core/load-result.ts';
import { problemOf } from './project-options.ts';

export class OrchError extends Error {
  /** `usage`, `not-found`, `conflict`, `held`, `failed`, `timeout`, `going-down`, `handing-over`, `lost`, `cancelled`. */
  readonly code: string;
  /** What to do about it, or null. */
  readonly hint: string | null;
  /** The same as a list, as `load` and `plan` return it. */
  readonly problems: Problem[];

  /** @internal */
  constructor(wire: WireError, file = '') {
    super(wire.message);
    this.name = 'OrchError';
    this.code = wire.code;
    this.hint = wire.hint ?? null;
    this.problems = [problemOf(wire, file)];
  }
}

/**
 * @internal
 * @returns what to throw: every other error is a bug and stays as it is
 */
export function asOrchError(error: unknown, file: string): unknown {
  return error instanceof ClientError ? new OrchError(error.wire, file) : error;
}
