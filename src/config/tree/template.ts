// `${VAR}`, `${VAR:-default}`, `${VAR:?message}` and `$$`. Pure, no Node module: the loader fills in
// the variables it knows, and the supervisor, with the same code, the rest for each instance.

export type TemplatePart = { kind: 'text'; text: string } | TemplateVariable;

type TemplateVariable = {
  kind: 'variable';
  name: string;
  /** A default may contain variables itself. */
  otherwise: { kind: 'default'; parts: TemplatePart[]; source: string } | { kind: 'message'; text: string } | null;
  /** Offset of the `$`. */
  at: number;
  end: number;
};

export type TemplateProblem = {
  code: 'bad-variable' | 'undefined-variable';
  message: string;
  hint: string | null;
  /** The variable, where there is one. */
  name: string | null;
  at: number;
  end: number;
};
export type Expansion = { ok: true; text: string } | { ok: false; problems: TemplateProblem[] };
export type Lookup = (name: string) => string | undefined;

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** The port of a service, which is a variable as well. */
const PORT_REFERENCE = /[a-z0-9][a-z0-9_-]{0,62}\.ports?(?=[:}])/y;
const MAX_NESTING = 8;

/**
 * Fills in every variable of a template.
 * @param vars the variables of the instance: PORT and ORCH_*
 * @param otherwise for all others: the ports of services
 */
export function expandTemplate(
  text: string,
  vars: Readonly<Record<string, string | undefined>>,
  otherwise: Lookup = () => undefined,
): Expansion {
  if (!text.includes('$')) return { ok: true, text };
  return expandWith(text, (name) => (Object.hasOwn(vars, name) ? vars[name] : otherwise(name)), null);
}

/**
 * Fills in the variables that are known at load and leaves a template: `$$` stays `$$`, filled-in values are escaped, and
 * variables for which `isKept` is true stay as they are. A second call changes nothing.
 */
export function expandPartly(text: string, lookup: Lookup, isKept: (name: string) => boolean): Expansion {
  if (!text.includes('$')) return { ok: true, text };
  return expandWith(text, lookup, isKept);
}

/** Literal text as a template: every `$` doubled. */
export const escapeTemplate = (text: string): string => text.replaceAll('$', '$$$$');

/** The variables of a template, also within defaults; empty where the syntax is invalid. */
export function variablesOf(text: string): { name: string; hasDefault: boolean }[] {
  const parsed = parseTemplate(text);
  return parsed.ok ? collectVariables(parsed.parts) : [];
}

function collectVariables(parts: TemplatePart[]): { name: string; hasDefault: boolean }[] {
  return parts.flatMap((part) => {
    if (part.kind === 'text') return [];
    const inner = part.otherwise?.kind === 'default' ? collectVariables(part.otherwise.parts) : [];
    return [{ name: part.name, hasDefault: part.otherwise?.kind === 'default' }, ...inner];
  });
}

function expandWith(text: string, lookup: Lookup, isKept: ((name: string) => boolean) | null): Expansion {
  const parsed = parseTemplate(text);
  if (!parsed.ok) return parsed;
  const problems: TemplateProblem[] = [];
  const expanded = render(parsed.parts, lookup, isKept, problems);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, text: expanded };
}

/** @returns the final text where `isKept` is null, otherwise a template */
function render(
  parts: TemplatePart[],
  lookup: Lookup,
  isKept: ((name: string) => boolean) | null,
  problems: TemplateProblem[],
): string {
  const literal = isKept ? escapeTemplate : (text: string) => text;
  return parts
    .map((part) => {
      if (part.kind === 'text') return literal(part.text);
      if (isKept?.(part.name)) return keepVariable(part, lookup, isKept, problems);
      const value = lookup(part.name);
      if (value !== undefined && (value !== '' || part.otherwise === null)) return literal(value);
      if (part.otherwise?.kind === 'default') return render(part.otherwise.parts, lookup, isKept, problems);
      problems.push(undefinedVariable(part, value));
      return '';
    })
    .join('');
}

function keepVariable(
  part: TemplateVariable,
  lookup: Lookup,
  isKept: (name: string) => boolean,
  problems: TemplateProblem[],
): string {
  const { name, otherwise, at, end } = part;
  if (otherwise === null) return `\${${name}}`;
  if (otherwise.kind === 'message') return `\${${name}:?${otherwise.text}}`;
  const kept = `\${${name}:-${render(otherwise.parts, lookup, isKept, problems)}}`;
  const again = parseTemplate(kept);
  if (!again.ok || again.parts.length !== 1) {
    const message = `the default of ${name} contains a } after its variables are filled in`;
    problems.push({ code: 'bad-variable', message, hint: 'choose another default', name, at, end });
  }
  return kept;
}

function undefinedVariable(part: TemplateVariable, value: string | undefined): TemplateProblem {
  const { name, at, end, otherwise } = part;
  const reason = otherwise?.kind === 'message' && otherwise.text !== '' ? `: ${otherwise.text}` : '';
  return {
    code: 'undefined-variable',
    message: `the variable ${name} is ${value === undefined ? 'not defined' : 'empty'}${reason}`,
    hint: `set it in the environment or in an env file of the project, or write \${${name}:-default}`,
    name,
    at,
    end,
  };
}

type ParsedTemplate = { ok: true; parts: TemplatePart[] } | { ok: false; problems: TemplateProblem[] };

export function parseTemplate(text: string): ParsedTemplate {
  const cursor: TemplateCursor = { text, at: 0, problem: null };
  const parts = parseParts(cursor, 0);
  return cursor.problem ? { ok: false, problems: [cursor.problem] } : { ok: true, parts };
}

type TemplateCursor = { text: string; at: number; problem: TemplateProblem | null };

/** Up to the end of the text, or at `depth` > 0 up to the closing brace. */
function parseParts(cursor: TemplateCursor, depth: number): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let from = cursor.at;
  const flush = () => {
    if (cursor.at > from) parts.push({ kind: 'text', text: cursor.text.slice(from, cursor.at) });
  };
  while (cursor.at < cursor.text.length && !cursor.problem) {
    const character = cursor.text[cursor.at];
    if (depth > 0 && character === '}') break;
    const next = character === '$' ? cursor.text[cursor.at + 1] : undefined;
    if (next === '$') {
      flush();
      parts.push({ kind: 'text', text: '$' });
      cursor.at += 2;
      from = cursor.at;
    } else if (next === '{') {
      flush();
      const variable = parseVariable(cursor, depth);
      if (variable) parts.push(variable);
      from = cursor.at;
    } else {
      cursor.at++;
    }
  }
  flush();
  return parts;
}

function parseVariable(cursor: TemplateCursor, depth: number): TemplatePart | null {
  const at = cursor.at;
  const reference = matchAt(PORT_REFERENCE, cursor.text, at + 2);
  const name = reference ?? matchAt(NAME, cursor.text, at + 2);
  if (name === undefined) return failParse(cursor, at, 'a variable name must follow `${`');
  cursor.at = at + 2 + name.length;
  const operator = cursor.text.slice(cursor.at, cursor.at + 2);
  if (reference !== undefined && operator.startsWith(':'))
    return failParse(cursor, at, 'the port of a service is always known and takes no default', portHint(reference));
  let otherwise: TemplateVariable['otherwise'] = null;
  if (operator === ':-') {
    if (depth >= MAX_NESTING) return failParse(cursor, at, `defaults are nested deeper than ${MAX_NESTING}`);
    cursor.at += 2;
    const from = cursor.at;
    const parts = parseParts(cursor, depth + 1);
    otherwise = { kind: 'default', parts, source: cursor.text.slice(from, cursor.at) };
  } else if (operator === ':?') {
    const end = cursor.text.indexOf('}', cursor.at);
    otherwise = { kind: 'message', text: cursor.text.slice(cursor.at + 2, end === -1 ? undefined : end).trim() };
    cursor.at = end === -1 ? cursor.text.length : end;
  }
  if (cursor.problem) return null;
  if (cursor.text[cursor.at] === '.')
    return failParse(
      cursor,
      at,
      describeBadEnd(cursor, name),
      `for the port of a service: ${portHint(`${name}.port`)}`,
    );
  if (cursor.text[cursor.at] !== '}') return failParse(cursor, at, describeBadEnd(cursor, name));
  cursor.at++;
  return { kind: 'variable', name, otherwise, at, end: cursor.at };
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const portHint = (reference: string): string => `write \${${reference}}`;

function describeBadEnd(cursor: TemplateCursor, name: string): string {
  if (cursor.at >= cursor.text.length) return `\`\${${name}\` is not closed by \`}\``;
  return `\`${cursor.text[cursor.at]}\` cannot follow \`\${${name}\``;
}

const SYNTAX_HINT = `write \${NAME}, \${NAME:-default} or \${NAME:?message}; a literal $ is written $$`;

function failParse(cursor: TemplateCursor, at: number, message: string, hint = SYNTAX_HINT): null {
  cursor.problem ??= {
    code: 'bad-variable',
    message,
    hint,
    name: null,
    at,
    end: Math.min(cursor.text.length, Math.max(cursor.at, at + 2)),
  };
  return null;
}
