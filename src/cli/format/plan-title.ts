// What a plan compares, and the command that applies it. Pure.
import type { PlanReport, PlanSide } from '../../plan/plan-report.ts';

/** `shop (prod): what runs → the files`, `main → HEAD`. References of git may hold nearly any character. */
export function planTitle({ project, env, from, to }: PlanReport): string {
  const name = env === null ? project : `${project} (${env})`;
  return from.kind === 'nothing' ? `${name}: nothing runs yet` : `${name}: ${sideName(from)} → ${sideName(to)}`;
}

function sideName(side: PlanSide): string {
  switch (side.kind) {
    case 'running':
      return 'what runs';
    case 'nothing':
      return 'nothing';
    case 'files':
      return side.file === 'procs.yaml' ? 'the files' : side.file;
    case 'commit':
      return side.ref;
  }
}

/** @returns null where nothing would change, or `up` does not do what the plan shows: it is about commits. */
export function applyCommand({ token, env, changes, environment }: PlanReport): string | null {
  if (token === undefined || (changes.length === 0 && !environment)) return null;
  return `orch${env === null ? '' : ` -e ${env}`} up -d --plan ${token}${environment ? ' --switch' : ''}`;
}
