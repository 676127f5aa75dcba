// The declared tasks in the order of the file, what needs them, and which of them is chosen. Pure.
import type { InstanceStatus, ServiceStatus, Status } from '../../api/protocol.ts';
import type { TaskStatus } from '../../api/protocol-tasks.ts';
import { namedRows } from './rows.ts';
import type { TasksPage } from './task-runs.ts';

/** `id`: what commands call it: the service, or an instance of a pool. `instance`: null: its pool is empty. */
export type TaskRow = {
  id: string;
  service: ServiceStatus;
  task: TaskStatus;
  instance: InstanceStatus | null;
  /** Services that wait for it, or would. */
  dependents: Dependent[];
};
type Dependent = { name: string; isWaiting: boolean };

/** In the order of the file. */
export function taskRows(status: Status | null): TaskRow[] {
  const services = status?.services ?? [];
  const tasks = services.filter(({ task }) => task !== undefined);
  return namedRows(tasks).flatMap((row): TaskRow[] => {
    const { service } = row;
    if (row.kind === 'pool' && service.instances.length > 0) return []; // its instances follow
    const instance = row.kind === 'pool' ? null : row.instance;
    const dependents = dependentsOf(service.name, services);
    return [{ id: row.id, service, task: service.task!, instance, dependents }];
  });
}

function dependentsOf(task: string, services: readonly ServiceStatus[]): Dependent[] {
  return services.flatMap(({ name, dependsOn = [] }) => {
    const own = dependsOn.filter(({ service }) => service === task);
    return own.length === 0 ? [] : [{ name, isWaiting: own.some(({ met }) => !met) }];
  });
}

/** How often it has run since the project started, the run under way included. */
export function runsOf({ pid, lastExit, restarts }: InstanceStatus): number {
  return pid === null && lastExit === null && restarts === 0 ? 0 : restarts + 1;
}

/** Index in `taskRows`; one that is gone: the first. -1 without tasks. */
export function chosenTask(rows: readonly TaskRow[], chosen: string | null): number {
  return rows.length === 0
    ? -1
    : Math.max(
        0,
        rows.findIndex(({ id }) => id === chosen),
      );
}

/** @param delta rows, down positive; infinite: to the end */
export function moveInTasks(page: TasksPage, rows: readonly TaskRow[], delta: number): TasksPage {
  const next = rows[Math.max(0, Math.min(rows.length - 1, chosenTask(rows, page.chosen) + delta))];
  return next === undefined ? page : { ...page, chosen: next.id };
}
