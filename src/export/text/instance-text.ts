// Templates such as `--port=${PORT}` in the words of another tool. Pure.
import { parseTemplate, type TemplatePart } from '../../config/tree/template.ts';
import { parsePortReference } from '../../core/ports.ts';
import type { InstanceTemplate, ProjectConfig, ServiceSpec } from '../../core/spec.ts';

/** Variables -> what the other tool writes for them, quoted as it needs. */
export type InstanceWords = Readonly<Record<string, string>>;

/** @param literal quotes text. An unknown variable becomes its default, or an empty text */
export function fillText(template: InstanceTemplate, words: InstanceWords, literal: (text: string) => string): string {
  const parsed = parseTemplate(template);
  if (!parsed.ok) return literal(template);
  const merged = mergeTexts(parsed.parts.flatMap((part) => resolvePart(part, words)));
  return merged.length === 0
    ? literal('')
    : merged.map((part) => (part.isLiteral ? literal(part.text) : part.text)).join('');
}

type FilledPart = { isLiteral: boolean; text: string };

function resolvePart(part: TemplatePart, words: InstanceWords): FilledPart[] {
  if (part.kind === 'text') return [{ isLiteral: true, text: part.text }];
  const word = words[part.name];
  if (word !== undefined) return [{ isLiteral: false, text: word }];
  return part.otherwise?.kind === 'default' ? part.otherwise.parts.flatMap((inner) => resolvePart(inner, words)) : [];
}

function mergeTexts(pieces: FilledPart[]): FilledPart[] {
  const merged: FilledPart[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (last?.isLiteral && piece.isLiteral) last.text += piece.text;
    else merged.push({ ...piece });
  }
  return merged;
}

/** @param instance its number; null: what is the same for all instances */
export function knownWords(
  spec: ServiceSpec,
  { project, env, services }: ProjectConfig,
  instance: number | null = spec.pool <= 1 ? 1 : null,
): Record<string, string> {
  const words: Record<string, string> = {
    ORCH_PROJECT: project,
    ORCH_ENV: env ?? '',
    ORCH_SERVICE: spec.name,
    ORCH_POOL_SIZE: String(spec.pool),
  };
  for (const name of spec.usesPorts) {
    const reference = parsePortReference(name);
    const other = services.find((one) => one.name === reference?.service);
    if (!reference || !other) continue;
    const ports = Array.from({ length: reference.kind === 'ports' ? other.pool : 1 }, (_, index) =>
      typeof other.port === 'number' ? other.port + index : 0,
    );
    words[name] = ports.join(',');
  }
  if (spec.port === 'auto') words.PORT = '0';
  if (instance === null) return words;
  if (typeof spec.port === 'number') words.PORT = String(spec.port + instance - 1);
  return {
    ...words,
    ORCH_INSTANCE: String(instance),
    ORCH_INDEX: String(instance - 1),
    ORCH_INSTANCE_ID: `${spec.name}.${instance}`,
  };
}

/** `exact` where the text of a command or variable names it. */
export const uses = (spec: ServiceSpec, name: string): boolean =>
  [
    ...(spec.command.kind === 'argv' ? spec.command.argv : [spec.command.line]),
    ...Object.values(spec.env).flatMap((value) => (typeof value === 'string' ? value : [])),
  ].some((text) => new RegExp(`\\$\\{?${name}\\b`).test(text));
