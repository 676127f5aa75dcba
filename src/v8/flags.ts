// Flags of V8 that a process changes while it runs. V8 takes code from a cache only where the flags are those that it was
// compiled with: a cache for the next start is made with the usual ones (see os/code-cache.ts).

/** Each with its `--`. `usual`: as the process has it when it starts. */
type ChangedFlag = { own: string; usual: string };
/** A process may run several bundles with a copy of this module each. */
const KEY = Symbol.for('orch.changedV8Flags');
const globals = globalThis as { [KEY]?: ChangedFlag[] };
globals[KEY] ??= [];
const changed = globals[KEY];

/** Idempotent. */
export function changeFlag(flag: ChangedFlag): void {
  if (changed.some(({ own }) => own === flag.own)) return;
  setFlag(flag.own);
  changed.push(flag);
}

/** Runs it as if no flag had been changed. */
export function withUsualFlags<Result>(run: () => Result): Result {
  for (const { usual } of changed) setFlag(usual);
  try {
    return run();
  } finally {
    for (const { own } of changed) setFlag(own);
  }
}

/** Not imported: a process that changes no flag does not need it. */
const setFlag = (flag: string): void => process.getBuiltinModule('node:v8').setFlagsFromString(flag);
