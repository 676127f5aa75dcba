// Units of systemd: services, with their timers and sockets. systemd signals the whole control group, after 90 s with SIGKILL.
import { posix } from 'node:path';
import type { ImportContext, ImportInput } from '../model/import-context.ts';
import { nearly, notCarried } from '../model/loss-findings.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { applyRules, asIs, lost, type RuleTable, reported, type ServiceRules } from '../model/rules.ts';
import { readIniSource } from '../source/ini-source.ts';
import { entriesOf, isOn, nodeAt, type SourceMap, textOf, textsOf } from '../source/source-node.ts';
import { cronOfCalendar, toTimespanMs } from '../text/cron.ts';
import { fromSeconds } from '../text/durations.ts';
import { changeRestart } from './restart-limit.ts';
import { START_LIMIT_RULES } from './systemd-limit.ts';
import { serviceRules } from './systemd-service.ts';
import { specifierOf, unitName } from './systemd-text.ts';

type Unit = { file: string; name: string; kind: string; root: SourceMap };

/** Units that name each other are read together: `orch import /etc/systemd/system/shop-*`. */
export function importSystemd(inputs: ImportInput[], { project }: ImportContext): void {
  const units = inputs.map(({ file, text }): Unit => {
    const base = posix.basename(file);
    return { file, name: unitName(base), kind: base.replace(/^.*\./, ''), root: readIniSource(text, file, 'systemd') };
  });
  const services = units.filter(({ kind }) => kind === 'service');
  const known = new Map(services.map((unit) => [unit.name, textOf(nodeAt(unit.root, 'Service', 'Type')) || 'simple']));
  for (const unit of services) importService(unit, known, project);
  for (const unit of units) {
    if (unit.kind === 'timer') importTimer(unit, project);
    else if (unit.kind === 'socket') importSocket(unit, project);
    else if (unit.kind === 'target') importTarget(unit, project);
    else if (unit.kind !== 'service')
      project.findings.addAt(
        unit.file,
        { file: unit.file, line: 1 },
        notCarried(`orch has nothing like a ${unit.kind}`),
      );
  }
}

function importService(unit: Unit, known: ReadonlyMap<string, string>, project: ProjectDraft): void {
  const { root, file, name } = unit;
  const { findings } = project;
  const service = project.service(name, { path: file, at: { file, line: 1 } });
  service.comments.push(...root.comments, ...root.entries.flatMap(({ comments }) => comments));
  service.set('restart', 'never');
  service.set('stop', { to: 'tree', grace: '90s' });
  const specifier = specifierOf(file);
  const section = nodeAt(root, 'Service');
  applyRules(nodeAt(root, 'Unit'), unitRules(unit, known), service, findings);
  if (section) applyRules(section, serviceRules(section, specifier), service, findings);
  applyRules(nodeAt(root, 'Install'), INSTALL_RULES, service, findings);
  for (const other of root.entries)
    if (!['Unit', 'Service', 'Install'].includes(other.key))
      for (const entry of entriesOf(other)) findings.add(entry, notCarried('orch import does not know this section'));
  const limit = service.keys['x-limit'];
  service.remove('x-limit');
  if (limit !== undefined && limit !== 'none' && service.keys.restart !== 'never') changeRestart(service, { limit });
  if (service.keys.command === undefined) {
    findings.addAt(file, { file, line: 1 }, notCarried('it has no ExecStart'));
    project.services.splice(project.services.indexOf(service), 1);
  }
}

/** A dependency of a oneshot unit waits for its end; of `notify`, for its message; of others, for its start. */
function conditionOf(type: string): string {
  if (type === 'oneshot') return 'completed';
  return type === 'notify' || type === 'forking' || type === 'dbus' ? 'ready' : 'started';
}

function unitRules({ root }: Unit, known: ReadonlyMap<string, string>): ServiceRules {
  const unitsOf = (key: string) =>
    textsOf(nodeAt(root, 'Unit', key))
      .flatMap((text) => text.split(/\s+/))
      .filter(Boolean);
  const rule =
    (isOrder: boolean): ServiceRules[string] =>
    (node, { draft, findings }) => {
      const names = textsOf(node)
        .flatMap((text) => text.split(/\s+/))
        .filter(Boolean);
      // A socket or timer of a service is a part of it here.
      const typeOf = (unit: string) => (/\.(socket|timer)$/.test(unit) ? undefined : known.get(unitName(unit)));
      const others = names.filter((one) => !known.has(unitName(one)));
      for (const one of names) {
        const type = typeOf(one);
        if (type === undefined) continue;
        const isOrdered = isOrder || unitsOf('After').includes(one);
        draft.merge('depends_on', { [unitName(one)]: isOrdered ? conditionOf(type) : 'started' });
      }
      const units = others.filter((one) => !isOfMachine(one));
      if (others.length === 0) findings.add(node, undefined);
      else if (units.length === 0)
        findings.add(node, nearly(`${others.join(', ')}: the machine is up when orch starts`));
      else if (units.length < names.length)
        findings.add(node, nearly(`${units.join(', ')}: not among the imported units`));
      else
        findings.add(
          node,
          nearly(`${units.join(', ')}: not among the imported units; a probe under \`readiness\` can wait for it`),
        );
      return reported;
    };
  return {
    Description: (node, { draft }) => {
      draft.set('description', textOf(node));
    },
    Documentation: (node, { draft }) => {
      draft.comments.push(...textsOf(node));
    },
    After: rule(true),
    Requires: rule(false),
    Wants: rule(false),
    BindsTo: rule(false),
    Requisite: rule(false),
    PartOf: (node, { findings }) => {
      findings.add(node, nearly('`orch restart` of both, or `on_loss: restart`'));
      return reported;
    },
    Before: () => nearly('write it as `depends_on` of the other service'),
    Upholds: rule(false),
    Conflicts: lost('orch stops no other program'),
    OnFailure: lost('read `orch events -f --json` instead'),
    OnSuccess: lost('read `orch events -f --json` instead'),
    ...START_LIMIT_RULES,
    DefaultDependencies: asIs,
    ...Object.fromEntries(
      [
        'ConditionPathExists',
        'ConditionPathIsDirectory',
        'ConditionUser',
        'ConditionFileNotEmpty',
        'AssertPathExists',
        'RequiresMountsFor',
      ].map((key) => [key, lost('test it in `hooks.before_start`: an exit code other than 0 prevents the start')]),
    ),
    StopWhenUnneeded: asIs,
    CollectMode: asIs,
    IgnoreOnIsolate: asIs,
    SourcePath: asIs,
  };
}

/** What is there when a user can start programs. */
const isOfMachine = (unit: string): boolean =>
  /^(network|network-online|basic|sysinit|multi-user|local-fs|remote-fs|nss-lookup|time-sync|syslog|default|sockets|timers|paths|graphical)\.target$|^(dbus|systemd-.*|syslog|rsyslog|network|NetworkManager|auditd|firewalld)\.(service|socket)$|\.(mount|slice)$|^docker\.(service|socket)$/.test(
    unit,
  );

const INSTALL_RULES: ServiceRules = {
  WantedBy: () => nearly('`orch up` starts it; a unit with `orch up -d` starts the project at boot'),
  RequiredBy: () => nearly('write it as `depends_on` of the other service'),
  Alias: lost('a service has one name'),
  Also: asIs,
  DefaultInstance: asIs,
};

function importTimer(unit: Unit, project: ProjectDraft): void {
  const section = nodeAt(unit.root, 'Timer');
  const name = unitName(textOf(nodeAt(section, 'Unit')) || `${unit.name}.service`);
  const service = project.find(name);
  for (const entry of entriesOf(nodeAt(unit.root, 'Unit')))
    project.findings.add(entry, entry.key === 'Description' ? undefined : nearly('a schedule depends on nothing'));
  for (const entry of entriesOf(nodeAt(unit.root, 'Install'))) project.findings.add(entry, undefined);
  if (!service) {
    project.findings.addAt(
      unit.file,
      { file: unit.file, line: 1 },
      notCarried(`the unit ${name}.service is not among the imported ones`),
    );
    return;
  }
  service.comments.push(...unit.root.comments);
  applyRules(section, TIMER_RULES, service, project.findings);
  service.set('restart', 'never');
}

const TIMER_RULES: ServiceRules = {
  Unit: asIs,
  OnCalendar: (node, { draft }) => {
    const [first, ...others] = textsOf(node).map(cronOfCalendar);
    if (!first) return notCarried('no cron expression has these times');
    draft.merge('schedule', { cron: first.cron, time_zone: first.zone ?? 'local' });
    return others.length > 0 ? nearly('only the first of the times') : undefined;
  },
  OnUnitActiveSec: (node, { draft }) => setInterval(textOf(node), draft),
  OnUnitInactiveSec: (node, { draft }) => setInterval(textOf(node), draft),
  OnBootSec: (_, { draft }) => setFirstRun(draft),
  OnStartupSec: (_, { draft }) => setFirstRun(draft),
  OnActiveSec: (_, { draft }) => setFirstRun(draft),
  Persistent: (node, { draft }) => {
    if (isOn(node)) draft.merge('schedule', { catch_up: true });
  },
  RandomizedDelaySec: lost('runs start at the time itself'),
  AccuracySec: asIs,
  WakeSystem: lost('orch does not wake the machine'),
  RemainAfterElapse: asIs,
};

function setInterval(text: string, draft: ServiceDraft) {
  const ms = toTimespanMs(text);
  if (ms === null) return notCarried('it is not a duration');
  draft.merge('schedule', { every: fromSeconds(ms / 1000) });
  return undefined;
}

function setFirstRun(draft: ServiceDraft) {
  draft.merge('schedule', { at_start: true });
  return nearly('the first run is at the start');
}

function importSocket(unit: Unit, project: ProjectDraft): void {
  const section = nodeAt(unit.root, 'Socket');
  const service = project.find(unitName(textOf(nodeAt(section, 'Service')) || `${unit.name}.service`));
  for (const entry of [...entriesOf(nodeAt(unit.root, 'Unit')), ...entriesOf(nodeAt(unit.root, 'Install'))])
    project.findings.add(entry, undefined);
  for (const entry of entriesOf(section)) {
    if (entry.key === 'ListenStream' && service) {
      for (const address of textsOf(entry))
        service.append('listen', /^\d+$/.test(address) ? `0.0.0.0:${address}` : address);
      project.findings.add(entry, undefined);
    } else if (['Accept', 'Service', 'FileDescriptorName', 'Backlog'].includes(entry.key) && !isOn(entry))
      project.findings.add(entry, undefined);
    else project.findings.add(entry, notCarried('`listen` opens stream sockets, as the user who runs orch'));
  }
}

function importTarget(unit: Unit, project: ProjectDraft): void {
  const rules: RuleTable<ProjectDraft> = {};
  for (const section of unit.root.entries) {
    for (const { key } of entriesOf(section))
      rules[key] = () => nearly('the project is the group: `orch up`, `orch down`');
    applyRules(section, rules, project, project.findings);
  }
}
