// The token of a plan: it stands for what ran and what the files said, so that `up --plan TOKEN` does what was shown or nothing.
// Pure.
import { createHmac } from 'node:crypto';
import type { WireError } from '../api/protocol.ts';
import { canonicalJson } from '../config/schema/spec-hash.ts';
import { isOccupied } from '../core/slot.ts';
import type { ProjectConfig } from '../core/spec.ts';
import type { PlanBase } from './plan.ts';

/** Of the two that a token stands for, the ones that are not as they were. */
export type MovedPart = 'running' | 'files';

const PART_DIGITS = 10;
const TOKEN = new RegExp(`^[0-9a-f]{${PART_DIGITS}}-[0-9a-f]{${PART_DIGITS}}$`);

export const isPlanToken = (text: string): boolean => TOKEN.test(text);

/**
 * @param key see api/machine-key.ts: values of the configuration are hashed, secrets among them
 * @param base null: nothing runs
 * @param config what the files say, variables expanded
 */
export function planToken(key: string, base: PlanBase | null, config: ProjectConfig): string {
  const digest = (what: unknown): string => {
    // As it is after its way to a supervisor, where nothing is undefined.
    const plain: unknown = JSON.parse(JSON.stringify(what));
    return createHmac('sha256', key).update(canonicalJson(plain)).digest('hex').slice(0, PART_DIGITS);
  };
  return `${digest(base && runningState(base))}-${digest(config)}`;
}

/** @returns empty: the token still holds. */
export function movedParts(token: string, now: string): MovedPart[] {
  const [running, files] = token.split('-');
  const [runningNow, filesNow] = now.split('-');
  return [...(running === runningNow ? [] : ['running' as const]), ...(files === filesNow ? [] : ['files' as const])];
}

/**
 * What a plan depends on: the configuration in force, overrides, roll-outs, and the instances that run another version than the one
 * they are to run. Not that an instance has crashed, was restarted, or is still to start: that moves by itself.
 */
function runningState({ accepted, overrides, rollouts, desired, slots }: PlanBase): unknown {
  const others = [...slots.values()].flatMap((slot) => {
    const wanted = desired.services.get(slot.service)?.specHash;
    const hash = slot.spec?.specHash;
    return isOccupied(slot) && hash !== wanted ? [`${slot.id} ${hash}`] : [];
  });
  const halted = [...rollouts.values()].flatMap(({ service, specHash, verdict }) =>
    verdict.kind === 'going' ? [] : [`${service} ${specHash} ${verdict.kind}`],
  );
  const { stopped, pools, profiles, only, ...more } = overrides;
  // The order of commands does not count.
  const lists = [stopped, profiles, only ?? ['*'], halted, others].map((list) => [...list].sort());
  return { config: accepted?.config, pools, more, lists };
}

/** The refusal of `up --plan`. @param moved not empty */
export function planMovedError(moved: readonly MovedPart[]): WireError {
  const parts = moved.map((part) => PART_NAMES[part]).join(' and ');
  return {
    code: 'conflict',
    message: `the plan does not hold any more: ${parts} changed since; nothing was applied`,
    hint: '`orch plan` shows what `up` would do now, with a new token',
  };
}

const PART_NAMES: Record<MovedPart, string> = {
  running: 'the running project',
  files: 'the files (or a variable that they use)',
};
