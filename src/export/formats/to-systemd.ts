// Units of systemd: a service each (a template and a target for a pool), with timers and sockets, and a target for the project.
import type { ServiceSpec } from '../../core/spec.ts';
import { nearly } from '../../import/model/loss-findings.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import type { ProjectRules } from '../model/report-keys.ts';
import { calendarOfCron } from '../text/calendar.ts';
import { lineText, timeSpan } from '../text/systemd-quoting.ts';
import { SYSTEMD_KEYS } from './systemd-keys.ts';
import { serviceLines } from './systemd-section.ts';
import { unitOf } from './systemd-units.ts';

type Section = [name: string, lines: [key: string, value: string | number | null][]];

function writeSystemd(project: ExportedProject): Record<string, string> {
  const units = project.services.flatMap((service) => Object.entries(unitsOf(service, project)));
  return Object.fromEntries([[`${project.config.project}.target`, projectTarget(project)], ...units]);
}

function printUnit(sections: Section[], notes: string[] = []): string {
  const texts = sections.map(([name, lines]) =>
    [`[${name}]`, ...lines.flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]))].join('\n'),
  );
  return `${[...(notes.length > 0 ? [notes.join('\n')] : []), ...texts].join('\n\n')}\n`;
}

/** What is started by itself belongs to the target of the project. */
function projectTarget({ config, services }: ExportedProject): string {
  const wanted = services
    .filter(({ spec }) => spec.start === 'auto' && spec.profiles.length === 0 && spec.pool > 0)
    .map(({ spec }) => (spec.schedule ? `${config.project}-${spec.name}.timer` : unitOf(spec, config)));
  return printUnit([
    ['Unit', [['Description', lineText(config.project)], ...wanted.map((unit): [string, string] => ['Wants', unit])]],
    ['Install', [['WantedBy', 'multi-user.target']]],
  ]);
}

function unitsOf(service: ExportedService, project: ExportedProject): Record<string, string> {
  const { spec } = service;
  const { config } = project;
  const base = `${config.project}-${spec.name}`;
  const isPool = spec.pool > 1;
  const units: Record<string, string> = {
    [`${base}${isPool ? '@' : ''}.service`]: printUnit(
      [
        ['Unit', unitLines(service, project)],
        ['Service', serviceLines(service, project)],
      ],
      service.variables.withheld.map(([name]) => `# Set ${name} here, from a file: it is a secret.`),
    ),
  };
  if (isPool) units[`${base}.target`] = poolTarget(spec, base, project);
  const times = spec.schedule === null ? null : timerLines(spec);
  if (times !== null)
    units[`${base}.timer`] = printUnit([
      [
        'Unit',
        [
          ['Description', lineText(`${spec.name} of ${config.project}`)],
          ['PartOf', `${config.project}.target`],
        ],
      ],
      ['Timer', times],
    ]);
  if (spec.listen.length > 0 && !isPool)
    units[`${base}.socket`] = printUnit([
      ['Unit', [['PartOf', `${config.project}.target`]]],
      ['Socket', spec.listen.map((one) => ['ListenStream', one.kind === 'unix' ? one.path : addressOf(one)])],
    ]);
  return units;
}

const addressOf = ({ host, port }: { host: string; port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

function poolTarget(spec: ServiceSpec, base: string, { config }: ExportedProject): string {
  const members = Array.from({ length: spec.pool }, (_, index) => `${base}@${index + 1}.service`);
  return printUnit([
    [
      'Unit',
      [
        ['Description', lineText(`the ${spec.pool} instances of ${spec.name}`)],
        ['PartOf', `${config.project}.target`],
        ...members.flatMap((unit): [string, string][] => [
          ['Wants', unit],
          ['After', unit],
        ]),
      ],
    ],
  ]);
}

function unitLines({ spec }: ExportedService, { config, services }: ExportedProject): Section[1] {
  const { restart } = spec;
  const dependencies = spec.dependsOn.flatMap(({ service, condition, required }) => {
    const other = services.find((one) => one.spec.name === service)?.spec;
    if (!other) return [];
    const unit = unitOf(other, config);
    // To require it would start it now, and not at its times.
    if (other.schedule) return [['After', unit]] as [string, string][];
    const isNeeded = required !== false && (condition === 'ready' || condition === 'completed');
    return [
      ['After', unit],
      [isNeeded ? 'Requires' : 'Wants', unit],
    ] as [string, string][];
  });
  const { limit } = restart;
  return [
    ['Description', lineText(spec.title ?? spec.description ?? `${spec.name} of ${config.project}`)],
    ['PartOf', spec.pool > 1 ? `${config.project}-${spec.name}.target` : `${config.project}.target`],
    ...dependencies,
    ...(restart.policy === 'never'
      ? []
      : limit?.withinMs
        ? ([
            ['StartLimitIntervalSec', timeSpan(limit.withinMs)],
            // The first start counts as well.
            ['StartLimitBurst', limit.count + 1],
          ] as [string, string | number][])
        : ([['StartLimitIntervalSec', 0]] as [string, number][])),
  ];
}

/** Null: systemd cannot say the times. */
function timerLines({ schedule, pool }: ServiceSpec): Section[1] | null {
  if (!schedule || pool > 1) return null;
  if ('everyMs' in schedule) {
    const span = timeSpan(schedule.everyMs);
    return [
      ['OnActiveSec', schedule.atStart ? '0s' : span],
      ['OnUnitActiveSec', span],
    ];
  }
  const calendar = calendarOfCron(schedule.cron, schedule.timeZone);
  if (calendar === null) return null;
  return [
    ['OnCalendar', calendar],
    ['AccuracySec', '1s'],
    ['Persistent', schedule.catchUp ? 'true' : null],
  ];
}

const OF_PROJECT: ProjectRules = {
  name: undefined,
  log_queues: nearly('`StandardOutput=append:` without rotation (logrotate(8) rotates), or the journal'),
};

export const systemd = { tool: 'systemd', write: writeSystemd, rules: SYSTEMD_KEYS, ofProject: OF_PROJECT };
