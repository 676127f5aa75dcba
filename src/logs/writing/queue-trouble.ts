// What people are told of a queue that cannot be written, or whose file cannot be rotated. Sentences only.
import type { LogQueueSpec } from '../../core/model.ts';

export function blockedText(spec: LogQueueSpec, message: string): string {
  const consequence = spec.overflow === 'block' ? 'its producers wait' : 'lines beyond its capacity are dropped';
  return `log queue ${spec.name} cannot be written (${message}); ${consequence}`;
}

export function rotationText({ name }: LogQueueSpec, message: string): string {
  return `the file of log queue ${name} cannot be rotated (${message}); it grows on, and this is tried again every minute`;
}
