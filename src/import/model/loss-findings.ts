// The loss report: what became of each key of the source. Nothing is dropped without an entry. Pure.
import type { Place, SourceNode } from '../source/source-node.ts';

export type Outcome = 'exactly' | 'nearly' | 'not carried';

export type Finding = {
  /** `services.api.restart` */
  path: string;
  file: string;
  line: number;
  outcome: Outcome;
  /** How it differs, or why it is not carried; '' for `exactly`. */
  reason: string;
};

/** What a rule says about its key. Nothing: exactly. */
export type Verdict = { outcome: 'nearly' | 'not carried'; reason: string };

/** @param reason how it differs */
export const nearly = (reason: string): Verdict => ({ outcome: 'nearly', reason });
/** @param reason why, and what to do instead */
export const notCarried = (reason: string): Verdict => ({ outcome: 'not carried', reason });

export class Findings {
  readonly #byPath = new Map<string, Finding>();

  /** One entry for each key; the worse of two outcomes stays, with both reasons. */
  add(node: Pick<SourceNode, 'path' | 'at'>, verdict: Verdict | undefined): void {
    this.addAt(node.path, node.at, verdict);
  }

  addAt(path: string, { file, line }: Place, verdict: Verdict | undefined): void {
    const { outcome, reason }: Pick<Finding, 'outcome' | 'reason'> = verdict ?? { outcome: 'exactly', reason: '' };
    const id = `${file} ${path}`;
    const before = this.#byPath.get(id);
    if (before === undefined) {
      this.#byPath.set(id, { path, file, line, outcome, reason });
      return;
    }
    if (RANK[outcome] > RANK[before.outcome]) before.outcome = outcome;
    if (reason !== '' && !before.reason.includes(reason))
      before.reason = before.reason === '' ? reason : `${before.reason}; ${reason}`;
  }

  /** In the order of the files. */
  all(): Finding[] {
    const files = [...new Set([...this.#byPath.values()].map(({ file }) => file))];
    return [...this.#byPath.values()].sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
  }
}

const RANK: Record<Outcome, number> = { exactly: 0, nearly: 1, 'not carried': 2 };

export function countOutcomes(findings: Finding[]): Record<Outcome, number> {
  const counts: Record<Outcome, number> = { exactly: 0, nearly: 0, 'not carried': 0 };
  for (const { outcome } of findings) counts[outcome]++;
  return counts;
}
