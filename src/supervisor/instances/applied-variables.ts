// The variables of the shell that called the last `up`. The configuration is expanded with them, and instances inherit them,
// until another `up` replaces them. Kept in memory only: they may hold secrets.

import { CALLER_LIMIT_VARIABLE } from '../../api/paths.ts';
import { isInheritable } from '../../launch/environment.ts';
import { limitPrograms } from '../../os/spawn/open-file-limit.ts';

export type Variables = Record<string, string>;

export class AppliedVariables {
  #all: Variables = {};
  #inherited: Variables = {};

  /** @param environment of the supervisor: the shell that started it called `up` */
  constructor(environment: NodeJS.ProcessEnv) {
    this.replace(environment);
  }

  replace(variables: NodeJS.ProcessEnv): void {
    const entries = Object.entries(variables).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    this.#all = Object.fromEntries(entries);
    limitPrograms(this.#all[CALLER_LIMIT_VARIABLE]);
    this.#inherited = Object.fromEntries(entries.filter(([name]) => isInheritable(name)));
  }

  get all(): Variables {
    return this.#all;
  }

  /** What instances inherit. */
  get inherited(): Variables {
    return this.#inherited;
  }
}
