// Edits that are not applied, as sentences for people. Pure; `orch ps` uses it, so it must stay light.
import { followTrouble } from '../core/follow-status.ts';
import type { ConfigStatus, HeldEdit } from './protocol-edits.ts';

/** `no edit`, `1 edit`, `3 edits`. */
export const countEdits = (edits: number): string =>
  edits === 0 ? 'no edit' : `${edits} ${edits === 1 ? 'edit' : 'edits'}`;

/** `the edit on disk is held (`orch resume` lets it pass): edits are paused; 1 change: 1 restarts`. */
export function heldText({ reasons, summary, command }: HeldEdit): string {
  const because = reasons.map((reason) => reason.because).join('; ');
  return `the edit on disk is held (\`${command}\` lets it pass): ${because}; ${summary}`;
}

/** `edits are paused since 12:03:04, 2 edits wait; `orch resume` applies them (1 change: 1 restarts)`; null: they are not. */
function pausedText({ paused, held }: Pick<ConfigStatus, 'paused' | 'held'>): string | null {
  if (!paused) return null;
  const { edits, since } = paused;
  const summary = held ? ` (${held.summary})` : '';
  const waiting = `${countEdits(edits)} ${edits > 1 ? 'wait' : 'waits'}`;
  return `edits are paused since ${formatSince(since)}, ${waiting}; \`orch resume\` applies them${summary}`;
}

/** A point of time in local time: `12:03:04`, of another day `2026-01-31 12:03:04`. @param time ISO 8601 */
export const formatSince = (time: string): string =>
  new Date(time).toLocaleString('sv').replace(`${new Date().toLocaleDateString('sv')} `, '');

/** What keeps edits and commits from being applied, one line each; empty: nothing does. */
export function holdLines(config: ConfigStatus): string[] {
  const paused = pausedText(config);
  const { held } = config;
  const isOnlyPaused = held?.reasons.every(({ rule }) => rule === 'paused') ?? true;
  const lines = [paused, held && !isOnlyPaused ? heldText(held) : null, followTrouble(config.follow)];
  return lines.filter((text) => text !== null).map((text) => text[0]!.toUpperCase() + text.slice(1));
}
