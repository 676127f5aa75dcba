// `${api.port}`: the service must exist and have a port.
import type { Problem } from '../../core/load-result.ts';
import { parsePortReference } from '../../core/ports.ts';
import type { ProjectConfig } from '../../core/spec.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import type { WrittenPortReference } from '../tree/expand.ts';
import { entriesOf, isNull, type Tree } from '../tree/tree.ts';

/** @param declared the `services` as written: those that the schema refused are not reported again */
export function checkPortReferences(
  references: readonly WrittenPortReference[],
  config: ProjectConfig,
  declared: Tree | undefined,
): Problem[] {
  if (references.length === 0) return [];
  const ports = new Map(config.services.map(({ name, port }) => [name as string, port]));
  const names = entriesOf(declared).flatMap(({ key, value }) => (isNull(value) ? [] : [key]));
  return references.flatMap(({ name, at, isInShell }): Problem[] => {
    const { service } = parsePortReference(name)!;
    if (isInShell) return names.includes(service) ? [inShell(name, at)] : [];
    if (!names.includes(service)) {
      const message = `${quote(name)} is the port of ${quote(service)}, which is not a service`;
      return [problemAt(at, { code: 'unknown-service', message, hint: suggestionHint(service, names, 'services') })];
    }
    if (ports.get(service) !== null) return [];
    const message = `${quote(name)}: the service ${quote(service)} has no \`port\``;
    return [problemAt(at, { code: 'no-port', message, hint: `add \`port: auto\` to ${service}` })];
  });
}

/** Only a warning: a script within the line may mean another `${api.port}`. */
function inShell(name: string, at: WrittenPortReference['at']): Problem {
  const message = `the shell runs this line and does not know \${${name}}`;
  const variable = name.replaceAll(/[.-]/g, '_').toUpperCase();
  const hint = `add \`${variable}: \${${name}}\` to \`env\` and use $${variable} here, or write the command as a list`;
  return warningAt(at, { code: 'port-in-shell', message, hint });
}
