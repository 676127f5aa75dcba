// Lists of exit codes, which several tools have. Pure.
import { notCarried, type Verdict } from '../model/loss-findings.ts';

export type ExitCodes = { ok: true; codes: number[] } | { ok: false; verdict: Verdict };

/** @param words a code each, as text */
export function readExitCodes(words: readonly string[]): ExitCodes {
  const isList = words.every((word) => /^\d+$/.test(word));
  return isList
    ? { ok: true, codes: words.map(Number) }
    : { ok: false, verdict: notCarried('it is not a list of exit codes') };
}
