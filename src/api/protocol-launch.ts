// What a client must know to run a command in the place of an instance. Types only.
import type { ServiceSpec } from '../core/spec.ts';

/** Of an instance: how its process was started, or would be now. */
export type RunningLaunch = {
  instance: string;
  isRunning: boolean;
  spec: ServiceSpec;
  project: string;
  env: string | null;
  root: string;
  /** What it inherits: the variables of the last `up`. They may hold secrets. */
  inherited: Record<string, string>;
  /** What `PORT` and references such as `api.port` stand for, as far as they are known. */
  ports: Record<string, string>;
};
