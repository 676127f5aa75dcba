// Variables in the values of other tools -> those of procs.yaml. Pure.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { INSTANCE_VARIABLES } from '../../config/tree/instance-variables.ts';
import { escapeTemplate, parseTemplate } from '../../config/tree/template.ts';

/** Every login has them, and every service manager sets them. */
const ALWAYS_SET = new Set(['HOME', 'PATH', 'USER', 'PWD', 'SHELL', 'LANG', 'TMPDIR', 'LOGNAME']);

export type VariableRules = {
  /** Variables that have a value, so that they need no default. */
  known: ReadonlySet<string>;
  /** `$NAME` without braces is a variable, too. */
  bare?: boolean;
  /** Other names of the same variables. */
  rename?: Record<string, string>;
};

/**
 * `$A`, `${A}`, `${A-x}`, `${A:-x}`, `${A?m}`. Other tools take an unset variable for an empty one, and orch for an
 * error: it gets an empty default, unless it is known. `$$` is a dollar in both.
 * @returns the reason when a part is taken literally instead
 */
export function toTemplate(
  text: string,
  { known, bare = true, rename = {} }: VariableRules,
): { text: string; lost: string | null } {
  const pattern = bare
    ? /\$\$|\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)(\}|:?[-?])/g
    : /\$\$|(?!)()|\$\{([A-Za-z_]\w*)(\}|:?[-?])/g;
  const converted = text.replace(pattern, (whole, plain?: string, braced?: string, next?: string) => {
    if (whole === '$$') return '$$';
    const name = rename[plain ?? braced!] ?? plain ?? braced!;
    const isSet = known.has(name) || ALWAYS_SET.has(name) || INSTANCE_VARIABLES.includes(name);
    if (plain !== undefined || next === '}') return isSet ? `\${${name}}` : `\${${name}:-}`;
    return `\${${name}:${next!.at(-1)}`;
  });
  if (parseTemplate(converted).ok) return { text: converted, lost: null };
  const reason = 'taken literally: only ${NAME}, ${NAME:-default} and ${NAME:?message} are expanded';
  return { text: escapeTemplate(text.replaceAll('$$', '$')), lost: reason };
}

/** A text without variables of its own. */
export const literal = (text: string): string => escapeTemplate(text);
