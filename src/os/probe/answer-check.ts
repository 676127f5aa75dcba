// Whether an answer comes from the process that was asked: the seam between a probe and what knows the processes.
import type { Socket } from 'node:net';
import type { ProbeResult } from '../../core/spec.ts';
import { type Endpoint, isOnThisMachine } from '../sockets/listeners.ts';

export type AnswerCheck = {
  /** It was found before, and still holds. Cheap: asked at every attempt. */
  isKnown(): boolean;
  /** Looks up which process listens there. */
  check(at: Endpoint): Promise<ProbeResult>;
};

const OK: ProbeResult = { ok: true };

/** @param socket connected. An address of another machine cannot be checked: it passes. */
export function checkAnswer(socket: Socket, answers: AnswerCheck): ProbeResult | Promise<ProbeResult> {
  if (answers.isKnown()) return OK;
  const { remoteAddress, remotePort, localAddress } = socket;
  if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined) return OK;
  if (!isOnThisMachine(remoteAddress, localAddress)) return OK;
  return answers.check({ kind: 'tcp', host: remoteAddress, port: remotePort });
}
