// What a program that a service declares claims its singleton key with: an instance, or a run by `orch run`.
import type { ServiceSpec, SingletonPolicy } from '../core/spec.ts';

type Owner = { projectRoot: string; stateDir: string; instance: string; nonce: string };

export function claimOf({ command, stop }: ServiceSpec, policy: SingletonPolicy, owner: Owner) {
  const { key, formerKey, scope, onConflict, pidFile } = policy;
  const program = command.kind === 'argv' ? command.argv : [command.line];
  return {
    ...{ key, formerKey, scope, onConflict, ...owner },
    signal: stop.signal,
    graceMs: stop.graceMs,
    pidFile: pidFile === null ? null : { path: pidFile, command: program },
  };
}
