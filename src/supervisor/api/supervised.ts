// The supervisor as the API sees it. An interface, so that the API does not import what is built on top of it.
import type { ProjectPaths } from '../../api/paths.ts';
import type { Explanation, Leftover, Status } from '../../api/protocol.ts';
import type { AppliedBy } from '../../api/protocol-edits.ts';
import type { ProbeHistory } from '../../api/protocol-inspect.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { EndingSlot, Incarnation } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { Clock } from '../../os/clock.ts';
import type { Edits } from '../config/edits.ts';
import type { Generations } from '../config/generations.ts';
import type { AppliedVariables } from '../instances/applied-variables.ts';
import type { ReloadOutcome } from '../instances/reloads.ts';
import type { EventLog } from '../kernel/event-log.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { FollowControl } from './follow-control.ts';

export interface Supervised {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly paths: ProjectPaths;
  readonly writer: Pick<LogWriterClient, 'rotate' | 'whenUpToDate'>;
  /** The configuration file that is read and watched, absolute. */
  file: string;
  /** It acts no more: it is about to exit. */
  isFrozen(): boolean;
  /** Of the shell that called the last `up`. */
  readonly variables: AppliedVariables;
  /** Another supervisor takes over: nothing is stopped here any more. */
  readonly isHandedOver: boolean;
  /** @param onlyKnown asks neither the log writer nor git, so that it waits for nothing */
  status(onlyKnown?: boolean): Promise<Status>;
  explain(name: string): Explanation[];
  probesOf(id: InstanceId): ProbeHistory[];
  /** Sends a signal to the program of a live instance. @returns false: it has ended, or has not started yet. */
  signal(process: Incarnation, signal: string): boolean;
  /** Lets the program of an instance read its configuration again, as `reload` says. Reports what came of it. */
  reloadProgram(id: InstanceId): Promise<ReloadOutcome>;
  /** @returns a sentence that says why the log queue cannot be written; null: it can. */
  logFaultOf(queue: string): string | null;
  /** @param only also run these and what they depend on; none: run all services; null leaves the overrides as they are. */
  apply(accepted: AcceptedConfig, only: string[] | null, by: AppliedBy): void;
  readonly edits: Edits;
  readonly generations: Generations;
  readonly following: FollowControl;
  /** Called after each step of the kernel. @returns the function that ends the subscription. */
  onStep(listener: () => void): () => void;
  isEmpty(): boolean;
  /** Resolves when what is known now survives the end of this process, or when it cannot be written. */
  save(): Promise<void>;
  /** Instances that SIGKILL did not end: the next supervisor finds them in the state file. */
  giveUpOn(stuck: readonly EndingSlot[]): Promise<void>;
  /**
   * Stops everything in order and cleans up.
   * @param timeoutMs after this, what is left is killed; null: each instance has its own grace period
   * @param onProgress called now and then until everything has stopped
   */
  down(timeoutMs: number | null, onProgress?: () => void): Promise<{ stopped: number; leftovers: Leftover[] }>;
  /** @returns false when everything is being stopped, or another supervisor already takes over. */
  handOver(): Promise<boolean>;
}
