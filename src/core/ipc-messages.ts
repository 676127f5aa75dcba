// Which messages a program and orch exchange by Node's IPC. Pure.
import type { ServiceSpec } from './spec.ts';

type MessageUse = Pick<ServiceSpec, 'startup' | 'readiness' | 'stop'>;

/** Whether its programs get an IPC channel. */
export function usesMessages(spec: MessageUse): boolean {
  return spec.stop.message !== undefined || awaitedMessages(spec).length > 0;
}

/** What a program sends to be ready. */
export function awaitedMessages({ startup, readiness }: MessageUse): string[] {
  const checks = [startup, readiness].flatMap((probe) => probe?.checks ?? []);
  return checks.flatMap((check) => (check.kind === 'ipc' ? [check.message] : []));
}
