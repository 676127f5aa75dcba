// The variables of the shell that called the last `up`. The configuration is expanded with them, and instances inherit them,
// until another `up` replaces them. Kept in memory only: they may hold secrets.

import { CALLER_LIMIT_VARIABLE } from '../../api/paths.ts';
import { inheritedVariables } from '../../launch/environment.ts';
import { limitPrograms } from '../../os/spawn/open-file-limit.ts';

export type Variables = Record<string, string>;

export class AppliedVariables {
  #all: Variables = {};
  #inherited: Variables = {};

  readonly #stateDir: string | null;

  /**
   * @param environment of the supervisor: the shell that started it called `up`
   * @param stateDir null: at its usual place
   */
  constructor(environment: NodeJS.ProcessEnv, stateDir: string | null) {
    this.#stateDir = stateDir;
    this.replace(environment);
  }

  replace(variables: NodeJS.ProcessEnv): void {
    const entries = Object.entries(variables).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    this.#all = Object.fromEntries(entries);
    limitPrograms(this.#all[CALLER_LIMIT_VARIABLE]);
    this.#inherited = inheritedVariables(this.#all, this.#stateDir);
  }

  get all(): Variables {
    return this.#all;
  }

  /** What instances inherit. */
  get inherited(): Variables {
    return this.#inherited;
  }
}
