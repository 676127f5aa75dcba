// `orch signal`: sends a signal to the main process of live instances. What follows if one ends from it, its `restart` says.

import { suggestionHint } from '../../config/problem/suggest.ts';
import { STOP_SIGNALS, stopSignalName } from '../../config/schema/signals.ts';
import type { InstanceId } from '../../core/spec.ts';
import { resolveInstances } from './instance-names.ts';
import { RequestError } from './request-error.ts';
import type { Supervised } from './supervised.ts';

/**
 * @param name of a service or an instance
 * @param signal with or without `SIG`, in any case
 * @returns the instances that got it; one that is starting or ending is left out
 * @throws RequestError where none is alive, or the signal is unknown
 */
export function signalInstances(supervisor: Supervised, name: string, signal: string): InstanceId[] {
  const { kernel, events } = supervisor;
  const known = stopSignalName(signal.toUpperCase());
  if (known === null) throw new RequestError({ code: 'usage', ...unknownSignal(signal) });
  const signalled = resolveInstances(kernel, [name]).filter((id) => {
    const phase = kernel.slots.get(id)?.phase;
    return phase?.kind === 'alive' && supervisor.signal(phase.process, known);
  });
  if (signalled.length === 0)
    throw new RequestError({
      code: 'failed',
      message: `${name} is not running`,
      hint: `\`orch why ${name}\` says why`,
    });
  for (const instance of signalled)
    events.report({ type: 'signalled', instance, message: `${instance} got ${known} (\`orch signal\`)` });
  return signalled;
}

function unknownSignal(signal: string): { message: string; hint: string } {
  const similar = suggestionHint(`SIG${signal.toUpperCase().replace(/^SIG/, '')}`, STOP_SIGNALS, 'signals');
  const pauses = 'it only pauses a program, which orch would take for one that hangs';
  const hint = /STOP|TSTP/i.test(signal) ? pauses : (similar ?? 'for example SIGHUP');
  return { message: `"${signal}" is not a signal that can be sent`, hint };
}
