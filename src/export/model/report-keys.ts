// The loss report of an export: every key that is written, by the rules of a format. A format has a rule for each key of a
// service, which the type demands: nothing is dropped in silence. Pure.
import { type Finding, Findings, nearly, notCarried, type Verdict } from '../../import/model/loss-findings.ts';
import type { ExportedProject, ExportedService, ServiceKey } from './exported-project.ts';

export type KeyRule = (service: ExportedService, project: ExportedProject) => Verdict | undefined;
export type KeyRules = Record<ServiceKey, KeyRule>;
/** Of the keys of the file other than `services`. */
export type ProjectRules = Record<string, Verdict | undefined>;

/** Carried exactly. */
export const exact: KeyRule = () => undefined;
export const differs =
  (reason: string): KeyRule =>
  () =>
    nearly(reason);
export const lost =
  (reason: string): KeyRule =>
  () =>
    notCarried(reason);

/** @param tool for what no rule names */
export function reportKeys(
  project: ExportedProject,
  rules: KeyRules,
  ofProject: ProjectRules,
  tool: string,
): Finding[] {
  const findings = new Findings();
  for (const [key, place] of project.written) {
    const verdict = key in ofProject ? ofProject[key] : notCarried(`${tool} has nothing like it`);
    findings.addAt(key, place, verdict);
  }
  for (const service of project.services)
    for (const [key, place] of service.written)
      findings.addAt(`services.${service.spec.name}.${key}`, place, rules[key]?.(service, project));
  for (const { service, reason } of project.leftOut) {
    const { spec, written } = service;
    const place = written.get('enabled') ?? written.get('command')!;
    findings.addAt(`services.${spec.name}`, place, notCarried(reason));
  }
  return findings.all();
}

/** Names with `, ` between, or null. */
export const listed = (names: string[]): string | null => (names.length === 0 ? null : names.join(', '));

/** What an export does with variables that it does not print. @param how the other tool reads the files of secrets */
export function envRule(how: string): KeyRule {
  return ({ variables: { secrets, withheld } }) => {
    if (withheld.length > 0)
      return notCarried(`${withheld.join(', ')}: a secret of this shell is not printed; set it for the other tool`);
    const unread = secrets.filter(([, source]) => typeof source === 'object' && isDecrypted(source.kind));
    if (unread.length > 0)
      return notCarried(`${unread.map(([name]) => name).join(', ')}: let the program decrypt the file itself`);
    const names = listed(secrets.map(([name]) => name));
    return names === null ? undefined : nearly(`${names}: ${how}`);
  };
}

const isDecrypted = (kind: string): boolean => kind === 'sops' || kind === 'age';
