// Environment variables of other tools -> `env` of procs.yaml. Pure.
import { RESERVED_VARIABLES } from '../../config/tree/instance-variables.ts';
import { type Findings, nearly, notCarried } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import { entriesOf, type SourceNode, textOf } from '../source/source-node.ts';
import { literal, toTemplate, type VariableRules } from '../text/variables.ts';

/**
 * A map, or a list of `NAME=value`; a name alone is inherited from the environment, which orch always does.
 * @param rules null: values are literal text
 */
export function toEnvironment(node: SourceNode, rules: VariableRules | null, findings: Findings): PlainMap {
  const env: PlainMap = {};
  for (const { name, value, at } of pairsOf(node)) {
    const reason = refusal(name);
    if (reason !== null) {
      findings.addAt(`${node.path}.${name}`, at.at, notCarried(reason));
      continue;
    }
    if (value === null) continue;
    const converted = rules ? toTemplate(value, rules) : { text: literal(value), lost: null };
    if (converted.lost !== null) findings.addAt(`${node.path}.${name}`, at.at, nearly(converted.lost));
    env[name] = converted.text;
  }
  return env;
}

export function pairsOf(node: SourceNode): { name: string; value: string | null; at: SourceNode }[] {
  if (node.kind === 'map')
    return entriesOf(node).map((at) => ({
      name: at.key,
      value: at.kind === 'scalar' && at.value !== null ? textOf(at) : null,
      at,
    }));
  const lines = node.kind === 'list' ? node.items : [node];
  return lines
    .filter((at) => textOf(at) !== '')
    .map((at) => {
      const text = textOf(at);
      const end = text.indexOf('=');
      return end === -1
        ? { name: text, value: null, at }
        : { name: text.slice(0, end), value: text.slice(end + 1), at };
    });
}

/** @returns why orch cannot set the variable; null when it can */
export function refusal(name: string): string | null {
  if (RESERVED_VARIABLES.has(name)) return 'orch sets it for every instance';
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) return 'it is not a valid name of a variable';
  return name.startsWith('x-') ? 'names with x- are ignored' : null;
}
