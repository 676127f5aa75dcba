// What every part of the supervisor may use, passed whole. Built once, in supervisor.ts. Types only.
import type { ProjectPaths } from '../../api/paths.ts';
import type { Desired } from '../../core/desired.ts';
import type { InstanceEvent } from '../../core/instance-event.ts';
import type { Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
import type { LaunchContext } from '../../launch/environment.ts';
import type { Clock } from '../../os/clock.ts';
import type { EventDraft } from './events.ts';
import type { Nonces } from './nonce.ts';

export type SupervisorContext = {
  readonly paths: ProjectPaths;
  readonly clock: Clock;
  /** The kernel, as the receiver of results. */
  readonly inbox: Inbox;
  /** The kernel, read only. */
  readonly specs: InstanceSpecs;
  readonly journal: { report(draft: EventDraft): void };
  readonly nonces: Nonces;
  /** Read at each start, so that the newest configuration counts. @param id for its ports */
  launchContext(id: InstanceId): LaunchContext;
};

export type Inbox = { receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void };

export type InstanceSpecs = {
  readonly slots: ReadonlyMap<InstanceId, Slot>;
  readonly desired: Desired;
  /** The whole spec that the instance runs with; null where it is not remembered. */
  specOf(slot: Slot): ServiceSpec | null;
};
