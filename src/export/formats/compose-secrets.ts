// Secrets that are files: docker mounts each at /run/secrets/NAME, and a shell in front of the program reads it.
import { parseTemplate, type TemplatePart, variablesOf } from '../../config/tree/template.ts';
import type { SecretSource } from '../../core/spec.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import { fillText, type InstanceWords } from '../text/instance-text.ts';

/** Absolute path -> name in the compose file. */
export type SecretNames = ReadonlyMap<string, string>;

/** Variable and absolute path of each. */
export const fileSecrets = ({ variables }: Pick<ExportedService, 'variables'>): [name: string, path: string][] =>
  variables.secrets.flatMap(([name, source]): [string, string][] =>
    typeof source === 'string' ? [[name, fillText(source, {}, (text) => text)]] : [],
  );

/** What docker compose takes from its own environment: the value of a secret or the variables in it. */
export const askedVariables = ({ secrets, withheld }: ExportedService['variables']): string[] => [
  ...secrets.flatMap(([name, source]) => (typeof source === 'string' ? [] : [askedFor(name, source)])),
  ...withheld.flatMap(([name, written]) => variablesOf(asTemplate(written) ?? `\${${name}}`).map((one) => one.name)),
];

const askedFor = (name: string, source: Exclude<SecretSource, string>): string =>
  source.kind === 'variable' ? source.name : name;

/** The secrets that docker compose gets by variables of its own. @param words are known */
export function askedValues(
  { secrets, withheld }: ExportedService['variables'],
  words: InstanceWords,
): [name: string, value: string][] {
  return [
    ...secrets.flatMap(([name, source]): [string, string][] =>
      typeof source === 'string' ? [] : [[name, reference(askedFor(name, source))]],
    ),
    ...withheld.map(([name, written]): [string, string] => {
      const template = asTemplate(written);
      return [name, template === null ? reference(name) : composeTemplate(template, words)];
    }),
  ];
}

const reference = (name: string): string => `\${${name}:?set it in the shell or in .env}`;

/** The text of a scalar of YAML; null where it has escapes, or is not a template. */
function asTemplate(written: string): string | null {
  const text = written.trim().replace(/^(["'])(.*)\1$/s, '$2');
  return /[\\"'\n]/.test(text) || !parseTemplate(text).ok ? null : text;
}

/** The variables of docker compose are written like those of orch. */
function composeTemplate(template: string, words: InstanceWords): string {
  const parsed = parseTemplate(template);
  return parsed.ok ? parsed.parts.map((part) => partText(part, words)).join('') : '';
}

function partText(part: TemplatePart, words: InstanceWords): string {
  if (part.kind === 'text') return part.text.replaceAll('$', '$$$$');
  const word = words[part.name];
  if (word !== undefined) return word.replaceAll('$', '$$$$');
  if (part.otherwise?.kind !== 'default') return reference(part.name);
  return `\${${part.name}:-${part.otherwise.parts.map((inner) => partText(inner, words)).join('')}}`;
}

/** Named after the first variable that reads the file. */
export function secretNames({ services }: ExportedProject): SecretNames {
  const names = new Map<string, string>();
  for (const [variable, path] of services.flatMap(fileSecrets)) {
    if (names.has(path)) continue;
    const plain = variable.toLowerCase();
    const taken = [...names.values()].filter((name) => name === plain || name.startsWith(`${plain}-`)).length;
    names.set(path, taken === 0 ? plain : `${plain}-${taken + 1}`);
  }
  return names;
}
