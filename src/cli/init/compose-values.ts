// Values of a compose file -> values of procs.yaml. Pure.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { RESERVED_VARIABLES } from '../../config/tree/instance-variables.ts';
import { escapeTemplate, parseTemplate } from '../../config/tree/template.ts';
import { parseDurationMs } from '../../units.ts';

/** Keys without a counterpart, and what to do about them. */
export const COMPOSE_ONLY_KEYS: Record<string, string> = {
  image: 'programs run on this machine, not in a container',
  build: 'nothing is built: build it beforehand',
  ports: 'nothing is mapped: the program listens on its own port (`port` sets PORT)',
  volumes: 'programs see the files of this machine',
  networks: 'programs share the network of this machine: reach each other by 127.0.0.1',
  healthcheck: 'write it as `readiness` or `liveness`',
  working_dir: 'it is a directory of the container: set `cwd` to the one here',
  user: 'programs run as the user who runs orch',
  secrets: 'name their files in `env`: { NAME: { secret: FILE } }',
  configs: 'use files of this machine',
  profiles: 'copy them: services have `profiles` here, too',
  extends: 'write the keys here, or use `defaults`',
};

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : String(value ?? ''));

/** Reports a key of the service that cannot be taken over, and why. */
export type ReportLoss = (key: string, reason: string) => void;

/** A string is a line for the shell, which expands its own variables. @returns null without a command. */
export function composeCommand(service: Record<string, unknown>, report: ReportLoss): string | string[] | null {
  const { entrypoint, command } = service;
  if (typeof command === 'string' && !entrypoint) return command.replaceAll('$$', '$');
  const words = [...wordsOf(entrypoint), ...wordsOf(command)].map((word) => convertVariables(word, 'command', report));
  return words.length > 0 ? words : null;
}

/** A list as it is; a string split at blanks outside quotes. */
function wordsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(textOf);
  if (typeof value !== 'string') return [];
  const words = value.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

/** A map or a list of `NAME=value`; a name alone is inherited from the environment, which orch always does. */
export function composeEnvironment(value: unknown, report: ReportLoss): Record<string, string> {
  const pairs = Array.isArray(value)
    ? value
        .map(textOf)
        .filter((text) => text.includes('='))
        .map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)])
    : Object.entries((value ?? {}) as Record<string, unknown>).filter(([, text]) => text !== null);
  const kept = pairs
    .map(([name, text]) => [textOf(name), textOf(text)] as const)
    .filter(([name]) => isDeclarable(name, report));
  return Object.fromEntries(kept.map(([name, text]) => [name, convertVariables(text, `environment.${name}`, report)]));
}

function isDeclarable(name: string, report: ReportLoss): boolean {
  const isReserved = RESERVED_VARIABLES.has(name);
  if (isReserved) report(`environment.${name}`, 'orch sets it for every instance');
  else if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name))
    report(`environment.${name}`, 'it is not a valid name of a variable');
  else return true;
  return false;
}

/** One path, a list of them, or of `{ path, required }`. */
export function composeEnvFiles(value: unknown, report: ReportLoss): string[] {
  return [value ?? []].flat().map((entry: unknown) => {
    const { path, required } = (entry ?? {}) as { path?: unknown; required?: unknown };
    const name = convertVariables(textOf(path ?? entry), 'env_file', report);
    return required === false ? `?${name}` : name;
  });
}

const CONDITIONS: Record<string, string> = {
  service_started: 'started',
  service_healthy: 'ready',
  service_completed_successfully: 'completed',
};

export function composeDependencies(value: unknown): Record<string, string> {
  if (Array.isArray(value)) return Object.fromEntries(value.map((name) => [textOf(name), 'started']));
  const pairs = Object.entries((value ?? {}) as Record<string, { condition?: string } | null>);
  return Object.fromEntries(pairs.map(([name, how]) => [name, CONDITIONS[how?.condition ?? ''] ?? 'started']));
}

export function composeRestart(value: unknown): string | null {
  if (value === undefined) return null;
  const text = textOf(value);
  if (/^on-failure/.test(text)) return 'on_failure';
  return text === 'always' || text === 'unless-stopped' ? 'always' : 'never';
}

/** `1m30s` -> milliseconds; null without a duration. */
export function composeGraceMs(value: unknown): number | null {
  const parts = textOf(value).match(/\d+(?:\.\d+)?(?:ms|s|m|h)/g);
  return parts ? parts.reduce((sum, part) => sum + (parseDurationMs(part) ?? 0), 0) : null;
}

/** `$VAR` and `${VAR-x}` of compose -> `${VAR}` and `${VAR:-x}`. A text with any other form is taken literally and reported. */
function convertVariables(text: string, key: string, report: ReportLoss): string {
  const converted = text.replace(/\$\$|\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)([-?])/g, (whole, bare, braced, operator) => {
    if (bare) return `\${${bare}}`;
    return braced ? `\${${braced}:${operator}` : whole;
  });
  if (parseTemplate(converted).ok) return converted;
  report(key, 'taken literally: only ${NAME}, ${NAME:-default} and ${NAME:?message} are expanded');
  return escapeTemplate(text.replaceAll('$$', '$'));
}
