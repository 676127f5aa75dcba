// What a runner of scripts says about its services: what the end of one does, restarts, and the waits between them.
import { type Findings, nearly } from '../model/loss-findings.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import type { SourceNode } from '../source/source-node.ts';
import { toSignal } from '../text/durations.ts';
import { changeRestart, setPause } from './restart-limit.ts';
import { probeOfResource } from './script-line.ts';
import type { RunnerLine } from './script-runner.ts';

export type ScriptService = {
  service: ServiceDraft;
  /** The command line, for the ports in it. */
  text: string;
  waitsFor: string[];
  at: SourceNode;
};

/** A runner of runners: the outer one is asked last, and adds to what the inner one said. */
export function setRunnerPolicy(
  { service }: ScriptService,
  { onEnd, onFailure, restart, stop, stdin }: RunnerLine,
): void {
  service.set('restart', 'never');
  if (onEnd) service.set('on_end', 'down');
  else if (onFailure) service.set('on_failure', 'down');
  if (restart !== null && restart.tries !== 0) {
    changeRestart(service, { policy: 'on_failure' });
    if (restart.tries > 0) changeRestart(service, { limit: restart.tries });
    if (restart.after !== null) setPause(service, restart.after);
  }
  const signal = stop.signal === undefined ? null : toSignal(stop.signal);
  service.merge('stop', { to: 'tree', ...(signal ? { signal } : {}), ...(stop.grace ? { grace: stop.grace } : {}) });
  if (stdin) service.set('stdin', true);
}

/** `wait-on tcp:3000`: the service at that port gets the probe, and this one waits for it. */
export function connectWaits(found: ScriptService[], findings: Findings): void {
  for (const waiting of found) {
    for (const resource of waiting.waitsFor) {
      const read = probeOfResource(resource);
      const others = found.filter((other) => other !== waiting && other.waitsFor.length === 0);
      const named = others.filter(({ text }) => read?.port && new RegExp(`\\b${read.port}\\b`).test(text));
      const provider =
        named[0] ?? (others.length === 1 ? others[0] : others.find(({ service }) => isServer(service.name)));
      const path = `${waiting.at.path}: wait-on ${resource}`;
      if (!read || !provider) {
        findings.addAt(path, waiting.at.at, nearly('name the service that it waits for under `depends_on`'));
        continue;
      }
      provider.service.set('readiness', read.probe);
      waiting.service.merge('depends_on', { [provider.service.name]: 'ready' });
      findings.addAt(
        path,
        waiting.at.at,
        named.length > 0 || others.length === 1 ? undefined : nearly(`taken for ${provider.service.name}`),
      );
    }
  }
}

const isServer = (name: string): boolean => /^(api|server|backend|web|app|client|frontend|vite|next)/.test(name);
