// What the scenarios that are written by hand are made of: a well-behaved service, and what differs from it.
import type { Program } from './machine/processes.ts';
import type { Operation, Scenario, SimLife, SimService, Step } from './scenario.ts';

export const PROGRAM: Program = {
  endsAfterMs: null,
  exitCode: 0,
  obeysAfterMs: 20,
  child: null,
  forksWhenStopped: false,
  answersAfterMs: 30,
  drainsInMs: 50,
};
export const LIFE: SimLife = {
  hasReadiness: false,
  readyAfterMs: 0,
  hasLiveness: false,
  preparesMs: null,
  broken: null,
  hasMemoryLimit: false,
  rollout: { unavailable: 1, surge: 0, minReadyMs: 0, deadlineMs: 1_500, onFailure: 'pause' },
  drain: null,
  escalates: false,
};
export const SERVICE: SimService = {
  pool: 1,
  policy: 'on_failure',
  graceMs: 100,
  limit: null,
  dependsOn: [],
  singleton: null,
  program: PROGRAM,
  life: LIFE,
  schedule: null,
};

type Changes = Partial<Omit<SimService, 'life'>> & { life?: Partial<SimLife> };

export const service = ({ life, ...changes }: Changes, program: Partial<Program> = {}): SimService => ({
  ...SERVICE,
  ...changes,
  program: { ...PROGRAM, ...program },
  life: { ...LIFE, ...life },
});
export const after = (afterMs: number, operation: Operation, project = 0): Step => ({ afterMs, project, operation });
export const several = (projects: SimService[][], ...steps: Step[]): Scenario => ({
  seed: 1,
  projects: projects.map((services) => ({ services })),
  steps,
  lastEdit: { afterMs: 0, project: 0, operation: { kind: 'changeSpec', service: 0 } },
  downTimeoutMs: null,
  crashInDown: null,
});
export const one = (services: SimService[], ...steps: Step[]): Scenario => several([services], ...steps);
