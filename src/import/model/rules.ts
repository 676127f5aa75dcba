// Rules: what each key of a format becomes. The driver visits every key, so that none is dropped without an entry in the report.
import { entriesOf, type SourceNode } from '../source/source-node.ts';
import { type Findings, notCarried, type Verdict } from './loss-findings.ts';
import type { KeysDraft, ServiceDraft } from './project-draft.ts';

export type RuleContext<Draft extends KeysDraft> = {
  draft: Draft;
  findings: Findings;
  /** The map that holds the key. */
  parent: SourceNode;
};

/** Sets keys of the draft. @returns nothing when the key is carried exactly; `reported`: the rule added entries itself */
export type Rule<Draft extends KeysDraft> = (
  node: SourceNode,
  context: RuleContext<Draft>,
) => Verdict | typeof reported | undefined;

export const reported = Symbol('reported');
export type RuleTable<Draft extends KeysDraft> = { [key: string]: Rule<Draft> };
export type ServiceRules = RuleTable<ServiceDraft>;

/** @param skip keys that the caller reads itself */
export function applyRules<Draft extends KeysDraft>(
  map: SourceNode | undefined,
  rules: RuleTable<Draft>,
  draft: Draft,
  findings: Findings,
  skip: readonly string[] = [],
): void {
  for (const node of entriesOf(map)) {
    if (skip.includes(node.key)) keepComments(draft, node.comments);
    else applyRule(node, map!, rules, draft, findings);
  }
}

function applyRule<Draft extends KeysDraft>(
  node: SourceNode,
  parent: SourceNode,
  rules: RuleTable<Draft>,
  draft: Draft,
  findings: Findings,
): void {
  const rule = Object.hasOwn(rules, node.key) ? rules[node.key] : undefined;
  if (rule === undefined) {
    keepComments(draft, node.comments);
    if (!node.key.startsWith('x-')) findings.add(node, notCarried('orch import does not know this key'));
    return;
  }
  const comments = [...node.comments, ...(node.trailing ? [node.trailing] : [])];
  const left = draft.carry(node, comments, () => {
    const verdict = rule(node, { draft, findings, parent });
    if (verdict !== reported) findings.add(node, verdict as Verdict | undefined);
  });
  keepComments(draft, left.length > 0 ? node.comments : []);
}

/** Comments of a key that has no counterpart stay with its service. */
function keepComments(draft: KeysDraft, comments: string[]): void {
  if ('comments' in draft) (draft as ServiceDraft).comments.push(...comments);
}

/** A map whose keys have rules of their own. */
export function nested<Draft extends KeysDraft>(rules: RuleTable<Draft>): Rule<Draft> {
  return (node, { draft, findings }) => {
    if (node.kind !== 'map') return notCarried('it is not a map');
    applyRules(node, rules, draft, findings);
    return reported;
  };
}

/** For keys without a counterpart. */
export const lost =
  (reason: string): Rule<KeysDraft> =>
  () =>
    notCarried(reason);

/** For keys that say what orch does anyway, or that only the other tool needs. */
export const asIs: Rule<KeysDraft> = () => undefined;
