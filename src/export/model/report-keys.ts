// The loss report of an export: every key that is written, by the rules of a format. A format has a rule for each key of a
// service, which the type demands: nothing is dropped in silence. Pure.
import { parsePortReference } from '../../core/ports.ts';
import type { ServiceSpec } from '../../core/spec.ts';
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
    const [first] = project.services;
    const verdict =
      key === 'env_files' && first
        ? rules.env_files(first, project)
        : key in ofProject
          ? ofProject[key]
          : notCarried(`${tool} has nothing like it`);
    findings.addAt(key, place, verdict);
  }
  for (const service of project.services)
    for (const [key, place] of service.written) {
      const path = `services.${service.spec.name}.${key}`;
      findings.addAt(path, place, rules[key]?.(service, project));
      const ports = chosenPorts(key, service, project);
      if (ports !== null) findings.addAt(path, place, notCarried(`${ports}: orch chooses it, and 0 is written`));
    }
  for (const { service, reason } of project.leftOut) {
    const { spec, written } = service;
    const place = written.get('enabled') ?? written.get('command')!;
    findings.addAt(`services.${spec.name}`, place, notCarried(reason));
  }
  return findings.all();
}

/** Ports of others that the value of a key names, and that only orch would know; null: none. */
function chosenPorts(key: ServiceKey, { spec }: ExportedService, { config }: ExportedProject): string | null {
  const values: Partial<Record<ServiceKey, unknown>> = { command: spec.command, env: spec.env, cwd: spec.cwd };
  const text = JSON.stringify(values[key] ?? '');
  const isChosen = (reference: string): boolean => {
    const name = parsePortReference(reference)?.service;
    return text.includes(`\${${reference}`) && config.services.some((one) => one.name === name && one.port === 'auto');
  };
  return listed(spec.usesPorts.filter(isChosen));
}

/** Names with `, ` between, or null. */
export const listed = (names: string[]): string | null => (names.length === 0 ? null : names.join(', '));

/** What an export does with variables that it does not print. @param how the other tool reads the files of secrets */
export function envRule(how: string): KeyRule {
  return ({ spec, variables: { secrets, withheld } }) => {
    if (withheld.length > 0)
      return notCarried(
        `${withheld.map(([name]) => name).join(', ')}: a secret of this shell is not printed; set it for the other tool`,
      );
    const unread = secrets.filter(([, source]) => typeof source === 'object' && isDecrypted(source.kind));
    if (unread.length > 0)
      return notCarried(`${unread.map(([name]) => name).join(', ')}: let the program decrypt the file itself`);
    const names = listed(secrets.map(([name]) => name));
    return names === null ? undefined : nearly(`${names}: ${how}${readBy(spec, secrets)}`);
  };
}

/** orch itself reads a secret: its program may run as a user that cannot. */
export const readBy = ({ user }: ServiceSpec, secrets: ExportedService['variables']['secrets']): string =>
  user !== null && secrets.some(([, source]) => typeof source === 'string')
    ? `, and ${user.name} must be able to read its file`
    : '';

const isDecrypted = (kind: string): boolean => kind === 'sops' || kind === 'age';
