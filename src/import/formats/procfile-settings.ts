// Settings of foreman (.foreman, YAML) and overmind (.overmind.env, dotenv). Each key is carried or named in the report.

import { type Findings, nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { ProjectDraft } from '../model/project-draft.ts';
import { entriesOf, type SourceNode, textOf } from '../source/source-node.ts';
import { readYamlSource } from '../source/yaml-source.ts';
import { readDotenvEntries } from '../text/dotenv-source.ts';
import { toSignal } from '../text/durations.ts';

export type ProcfileSettings = {
  tool: string;
  port: number;
  portStep: number;
  /** The base of the ports was set, so `PORT` in `.env` does not count. */
  isPortSet: boolean;
  hasPorts: boolean;
  /** Process or `all` -> number of copies. */
  formation: Map<string, number>;
  canDie: Set<string>;
  anyCanDie: boolean;
  autoRestart: Set<string>;
  ignored: Set<string>;
  only: Set<string> | null;
  signal: string;
  stopSignals: Map<string, string>;
  graceSeconds: number;
  env: [name: string, value: string][];
  /** null: `.env` if it is there. */
  envFiles: string[] | null;
};

const settingsOf = (tool: string, signal: string): ProcfileSettings => ({
  tool,
  port: 5000,
  portStep: 100,
  isPortSet: false,
  hasPorts: true,
  formation: new Map(),
  canDie: new Set(),
  anyCanDie: false,
  autoRestart: new Set(),
  ignored: new Set(),
  only: null,
  signal,
  stopSignals: new Map(),
  graceSeconds: 5,
  env: [],
  envFiles: null,
});

type SettingRule = (value: string, settings: ProcfileSettings) => Verdict | undefined;

/** foreman sends SIGTERM to all, and SIGKILL after 5 s. */
export function readForemanSettings(file: string, text: string | null, project: ProjectDraft): ProcfileSettings {
  const { findings } = project;
  const settings = settingsOf('foreman', 'SIGTERM');
  const source = text === null ? null : readYamlSource(text, file);
  if (source && !source.ok) findings.addAt(file, { file, line: source.line }, notCarried(source.problem));
  if (source?.ok) project.comments.push(...source.root.comments);
  for (const node of source?.ok ? entriesOf(source.root) : []) {
    const rule = FOREMAN_RULES[node.key];
    const verdict = rule ? rule(foremanValue(node), settings) : notCarried('orch import does not know this key');
    findings.addAt(`${file}.${node.key}`, node.at, verdict ?? undefined);
  }
  return settings;
}

const foremanValue = (node: SourceNode): string =>
  node.kind === 'list' ? node.items.map(textOf).join(',') : textOf(node);

const formationRule: SettingRule = (value, { formation }) => {
  for (const pair of value.split(',')) {
    const [name, count] = pair.trim().split('=');
    if (name && count !== undefined && /^\d+$/.test(count)) formation.set(name, Number(count));
  }
};

const portRule: SettingRule = (value, settings) => {
  if (!/^\d+$/.test(value)) return notCarried('it is not a port');
  settings.port = Number(value);
  settings.isPortSet = true;
  return undefined;
};

const timeoutRule: SettingRule = (value, settings) => {
  if (!/^\d+$/.test(value)) return notCarried('it is not a number of seconds');
  settings.graceSeconds = Number(value);
  return undefined;
};

const FOREMAN_RULES: Record<string, SettingRule> = {
  port: portRule,
  formation: formationRule,
  concurrency: formationRule,
  env: (value, settings) => {
    settings.envFiles = value.split(',').map((path) => path.trim());
  },
  timeout: timeoutRule,
  procfile: () => nearly('the Procfile that was named for the import is taken'),
  root: () => notCarried('directories are relative to procs.yaml: set `cwd`'),
  color: () => notCarried('colours are chosen by the terminal (`--no-color`, NO_COLOR)'),
  timestamp: () => nearly('lines in log files always have their time'),
};

/** overmind sends SIGINT to all, and SIGKILL after 5 s. */
export function readOvermindSettings(file: string, text: string, findings: Findings): ProcfileSettings {
  const settings = settingsOf('overmind', 'SIGINT');
  for (const { name, value, at } of readDotenvEntries(text, file)) {
    const rule = OVERMIND_RULES[name];
    if (!rule && !name.startsWith('OVERMIND_')) settings.env.push([name, value]);
    const isUnknown = !rule && name.startsWith('OVERMIND_');
    const verdict = rule ? rule(value, settings) : undefined;
    findings.addAt(
      `${file}.${name}`,
      at,
      isUnknown ? notCarried('orch import does not know this key') : (verdict ?? undefined),
    );
  }
  return settings;
}

const isOnText = (value: string): boolean => /^(1|true|yes|on|t|y)$/i.test(value);
const addNames =
  (pick: (settings: ProcfileSettings) => Set<string>): SettingRule =>
  (value, settings) => {
    for (const name of value.split(',')) pick(settings).add(name.trim());
  };

const OVERMIND_RULES: Record<string, SettingRule> = {
  OVERMIND_PORT: portRule,
  OVERMIND_PORT_STEP: (value, settings) => {
    settings.portStep = Number(value);
  },
  OVERMIND_NO_PORT: (value, settings) => {
    settings.hasPorts = !isOnText(value);
  },
  OVERMIND_FORMATION: formationRule,
  OVERMIND_FORMATION_PORT_STEP: (value) =>
    value === '1' ? undefined : nearly('the ports of the copies of one process follow each other: step 1'),
  OVERMIND_CAN_DIE: addNames(({ canDie }) => canDie),
  OVERMIND_ANY_CAN_DIE: (value, settings) => {
    settings.anyCanDie = isOnText(value);
  },
  OVERMIND_AUTO_RESTART: addNames(({ autoRestart }) => autoRestart),
  OVERMIND_IGNORED_PROCESSES: addNames(({ ignored }) => ignored),
  OVERMIND_PROCESSES: (value, settings) => {
    settings.only = new Set(value.split(',').map((name) => name.trim()));
  },
  OVERMIND_STOP_SIGNALS: (value, settings) => {
    for (const pair of value.split(',')) {
      const [name, signal] = pair.trim().split('=');
      const known = toSignal(signal ?? '');
      if (!name || known === null) return notCarried(`${pair} is not a name and a signal`);
      settings.stopSignals.set(name, known);
    }
    return undefined;
  },
  OVERMIND_TIMEOUT: timeoutRule,
  OVERMIND_ENV: (value, settings) => {
    settings.envFiles = [...(settings.envFiles ?? ['.env']), ...value.split(',')];
  },
  OVERMIND_SKIP_ENV: (value, settings) => {
    if (isOnText(value)) settings.envFiles = [];
  },
  OVERMIND_PROCFILE: () => nearly('the Procfile that was named for the import is taken'),
  OVERMIND_ROOT: () => notCarried('directories are relative to procs.yaml: set `cwd`'),
  OVERMIND_SHELL: (value) =>
    /^(\/bin\/)?sh$/.test(value)
      ? undefined
      : notCarried('commands are run by /bin/sh: write `command: [SHELL, -c, …]`'),
  OVERMIND_TITLE: () => notCarried('`name` is the name of the project'),
  OVERMIND_SHOW_TIMESTAMPS: () => nearly('lines in log files always have their time'),
  OVERMIND_DAEMONIZE: () => nearly('`orch up -d`'),
  OVERMIND_COLORS: () => notCarried('the view chooses its colours'),
  OVERMIND_SOCKET: () => notCarried('orch chooses the place of its socket'),
  OVERMIND_NETWORK: () => notCarried('orch listens on a unix socket'),
  OVERMIND_TMUX_CONFIG: () => notCarried('orch needs no tmux'),
};
