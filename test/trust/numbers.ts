// A project whose lines are numbered, so that not one can be lost or doubled unseen.
import { expect } from 'vitest';
import { incarnations, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { mainsOf } from '../rig/supervisors.ts';

export const NUMBERS = `
log_queues: { default: { path: out.log, format: raw, rotate: { size: 1GiB } } }
services:
  n: { command: [sh, numbers.sh] }
  a: { command: [sleep, "1000"], pool: 3 }
`;
export const FILES = {
  'procs.yaml': NUMBERS,
  'numbers.sh': 'n=0\nwhile :; do n=$((n+1)); echo "$n"; sleep 0.02; done\n',
};
export const mains = (project: Project) => incarnations(mainsOf(project));

export function expectNoLineLost(project: Project): void {
  const numbers = linesOf(project.path('out.log')).map(Number);
  expect(numbers.length).toBeGreaterThan(10);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
}
