// Texts of process-compose: Go templates and variables are filled in when the file is read, before any shell sees them.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { nodeAt, type SourceNode, textOf } from '../source/source-node.ts';

export type ProcessComposeText = {
  /** Of the project, and of the process. */
  vars: SourceNode | undefined;
  own?: SourceNode | undefined;
  /** `$NAME` is filled in from the environment of process-compose. */
  expands: boolean;
  shell: string[] | null;
  /** Names that always have a value. */
  known: ReadonlySet<string>;
};

/** What its programs find in their environment. */
const OWN_VARIABLES: Record<string, string> = {
  PC_REPLICA_NUM: '${ORCH_INDEX}',
  PC_PROC_NAME: '$ORCH_SERVICE',
};

/**
 * @param kind `command`: the result is a line for the shell, where `$$NAME` and `$NAME` are both `$NAME`.
 * @returns the reason when a template is left as it is
 */
export function toShellText(
  text: string,
  { vars, own, expands }: ProcessComposeText,
  kind: 'command' | 'value',
): { text: string; lost: string | null } {
  let lost: string | null = null;
  const filled = text.replace(/\{\{\s*(.*?)\s*\}\}/g, (whole, inner: string) => {
    const quoted = /^["'`](.*)["'`]$/.exec(inner)?.[1];
    if (quoted !== undefined) return quoted;
    const name = /^\.(\w+)$/.exec(inner)?.[1];
    if (name !== undefined && OWN_VARIABLES[name] && kind === 'command') return OWN_VARIABLES[name];
    const node = name === undefined ? undefined : (nodeAt(own, name) ?? nodeAt(vars, name));
    if (node?.kind === 'scalar') return textOf(node);
    lost = `the template ${whole} is left as it is`;
    return whole;
  });
  if (kind === 'value') return { text: filled, lost };
  const line = expands ? filled.replaceAll('$$', '$') : filled;
  return {
    text: line.replace(/\$\{?(PC_REPLICA_NUM|PC_PROC_NAME)\b\}?/g, (_, name: string) => OWN_VARIABLES[name]!),
    lost,
  };
}
