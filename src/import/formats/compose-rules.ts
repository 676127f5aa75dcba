// The keys of a service of a compose file. For a container, docker keeps those that only a container has.

import { runAsRule } from '../model/account-keys.ts';
import { fromSource, type ImportContext } from '../model/import-context.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { asIs, nested, type Rule, reported, type ServiceRules } from '../model/rules.ts';
import { entriesOf, isOn, nodeAt, numberOf, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { fromSeconds, parseLongDuration, toSignal } from '../text/durations.ts';
import { toTemplate } from '../text/variables.ts';
import { deployRules, LOGGING_RULES, setMemory, setPool } from './compose-deploy.ts';
import type { ComposeFile } from './compose-file.ts';
import { healthcheckRule } from './compose-healthcheck.ts';
import type { ComposeProgram } from './compose-program.ts';
import { toEnvironment } from './env-variables.ts';
import { limitRestarts, setPolicy } from './restart-limit.ts';

/** What these keys say about a container does not apply to a program: why, or how it is there without them. */
const CONTAINER_KEYS: Record<string, Verdict> = {
  image: nearly('the program of this machine is run, not that of the image'),
  build: nearly('nothing is built: the program runs from its directory'),
  container_name: nearly('the name of the service is the name of the process'),
  hostname: nearly('programs have the name of this machine'),
  networks: nearly('programs share the network of this machine'),
  network_mode: nearly('programs share the network of this machine'),
  volumes: nearly('programs see the files of this machine'),
  volumes_from: nearly('programs see the files of this machine'),
  expose: nearly('programs reach each other by 127.0.0.1'),
  links: nearly('programs reach each other by 127.0.0.1'),
  external_links: nearly('programs reach each other by 127.0.0.1'),
  extra_hosts: notCarried('names of hosts are those of this machine (/etc/hosts)'),
  dns: notCarried('names are resolved as on this machine'),
  tmpfs: nearly('programs see the directories of this machine'),
  configs: nearly('programs see the files of this machine'),
  pull_policy: nearly('no image is pulled'),
  platform: nearly('programs are those of this machine'),
  privileged: notCarried('programs have the rights of the user who runs orch'),
  cap_add: notCarried('programs have the rights of the user who runs orch'),
  cap_drop: notCarried('programs have the rights of the user who runs orch'),
  security_opt: notCarried('programs have the rights of the user who runs orch'),
  read_only: notCarried('programs see the files of this machine'),
  shm_size: nearly('programs share the memory of this machine'),
  ipc: nearly('programs share this machine'),
  pid: nearly('programs share this machine'),
  devices: nearly('programs see the devices of this machine'),
  sysctls: notCarried('set them for the machine'),
  cpus: notCarried('`limits` has no share of the processor'),
  cpu_shares: notCarried('`limits.nice` is the priority'),
  mem_reservation: notCarried('`limits.memory` is a limit'),
  group_add: notCarried('programs have the groups of the user who runs orch'),
};

/** Keys that are about docker itself. */
const WITHOUT_EFFECT = [
  'init',
  'labels',
  'annotations',
  'attach',
  'isolation',
  'runtime',
  'userns_mode',
  'cgroup_parent',
];

export function composeRules(node: SourceNode, program: ComposeProgram, compose: ComposeFile): ServiceRules {
  const isContainer = program.kind === 'container';
  const inImage = (rule: Rule<ServiceDraft>): Rule<ServiceDraft> => (isContainer ? asIs : rule);
  const fixed = Object.entries(CONTAINER_KEYS).map(([key, verdict]) => [key, inImage(() => verdict)] as const);
  const ignored = WITHOUT_EFFECT.map((key) => [key, asIs] as const);
  return {
    ...Object.fromEntries([...fixed, ...ignored]),
    image: isContainer || !nodeAt(node, 'build') ? (isContainer ? asIs : () => CONTAINER_KEYS.image) : asIs,
    command: asIs,
    entrypoint: asIs,
    working_dir: inImage(() =>
      program.cwd === null
        ? notCarried('it is a directory of the container: set `cwd`')
        : nearly(`the directory is ${program.cwd} here`),
    ),
    environment: inImage((entry, context) => {
      const { TINI_KILL_PROCESS_GROUP: isGroup, ...env } = toEnvironment(
        entry,
        { known: compose.known },
        context.findings,
      );
      // With `init: true`, docker signals the whole group.
      if (isGroup) context.draft.merge('stop', { to: 'tree' });
      context.draft.merge('env', fitValues(env, entry, compose, context.findings));
    }),
    env_file: inImage((entry, { draft }) => {
      for (const item of entry.kind === 'list' ? entry.items : [entry]) {
        const path = toTemplate(textOf(nodeAt(item, 'path')) || textOf(item), { known: compose.known }).text;
        const isOptional = textOf(nodeAt(item, 'required')) === 'false';
        draft.append('env_files', `${isOptional ? '?' : ''}${fromSource(compose.file, path)}`);
      }
    }),
    secrets: inImage((entry) =>
      textsOf(entry).every((name) => compose.secretFiles.has(name))
        ? nearly('the files are read from their place here')
        : notCarried('name the file in `env`: { NAME: { secret: FILE } }'),
    ),
    ports: inImage((entry) => portsVerdict(entry)),
    depends_on: setDependencies,
    healthcheck: healthcheckRule(isContainer ? String(program.command).replace(/ up .*$/, '') : null, node.key),
    restart: setRestart,
    deploy: nested(deployRules(isContainer)),
    scale: (entry, { draft }) => setPool(entry, draft, isContainer),
    stop_signal: (entry, { draft }) => {
      const signal = toSignal(textOf(entry));
      if (signal === null) return notCarried('it is not a signal of this system');
      if (!isContainer) draft.merge('stop', { signal });
      return undefined;
    },
    stop_grace_period: (entry, { draft }) => {
      const ms = parseLongDuration(textOf(entry));
      if (ms === null) return notCarried('it is not a duration');
      // docker itself waits that long for the container.
      draft.merge('stop', { grace: fromSeconds(ms / 1000 + (isContainer ? 5 : 0)) });
      return undefined;
    },
    profiles: (entry, { draft }) => {
      draft.set(
        'profiles',
        textsOf(entry).map((name) => name.toLowerCase()),
      );
    },
    tty: inImage((entry, { draft }) => {
      draft.set('tty', isOn(entry));
    }),
    stdin_open: inImage((entry, { draft }) => {
      if (isOn(entry) && !isOn(nodeAt(node, 'tty'))) draft.set('stdin', true);
    }),
    user: inImage((entry, { draft }) => {
      const [user = '', group = ''] = textOf(entry).split(':');
      const lost = runAsRule('user', user, draft);
      return lost ?? runAsRule('group', group, draft);
    }),
    mem_limit: inImage((entry, { draft }) => setMemory(entry, draft)),
    memswap_limit: inImage(() => notCarried('`limits.memory` counts resident memory')),
    ulimits: inImage(nested({ nofile: setOpenFiles })),
    logging: inImage(nested(LOGGING_RULES)),
    develop: inImage(nested({ watch: setWatch })),
    post_start: inImage((entry, { draft }) => setHook(entry, draft, 'after_ready')),
    pre_stop: inImage((entry, { draft }) => setHook(entry, draft, 'drain')),
  };
}

/** Names of other services are hosts in the network of docker; here they listen on 127.0.0.1. */
function fitValues(
  env: PlainMap,
  node: SourceNode,
  compose: ComposeFile,
  findings: ImportContext['project']['findings'],
): PlainMap {
  const fitted = Object.entries(env).map(([name, value]) => {
    const text = String(value);
    const renamed = text
      .replace(
        /(^|\/\/|@|,)([a-z0-9][a-z0-9_.-]*)(?=[:/]|$|,)(:\d+)?/gi,
        (whole, before: string, host: string, port?: string) => {
          const isHost = before !== '' || /HOST|SERVER|ADDR|URL|BROKER|ENDPOINT/i.test(name) || port !== undefined;
          if (!compose.names.has(host) || !isHost) return whole;
          return `${before}127.0.0.1${port === undefined ? '' : `:${publishedPort(host, port.slice(1), compose)}`}`;
        },
      )
      .replace(/\/run\/secrets\/([\w.-]+)/g, (whole, secret: string) => compose.secretFiles.get(secret) ?? whole);
    if (renamed !== text) {
      const at = entriesOf(node).find(({ key }) => key === name)?.at ?? node.at;
      findings.addAt(`${node.path}.${name}`, at, nearly(`${renamed} instead of ${text}`));
    }
    return [name, renamed];
  });
  return Object.fromEntries(fitted);
}

/** The port of this machine that leads to the port of the container. */
function publishedPort(service: string, port: string, { root }: ComposeFile): string {
  const ports = nodeAt(root, 'services', service, 'ports');
  for (const item of ports?.kind === 'list' ? ports.items : []) {
    const { published, target } = portOf(item);
    if (target === port && published !== '') return published;
  }
  return port;
}

function portOf(item: SourceNode): { published: string; target: string } {
  if (item.kind === 'map')
    return { published: textOf(nodeAt(item, 'published')), target: textOf(nodeAt(item, 'target')) };
  const parts = textOf(item)
    .replace(/\/(tcp|udp)$/, '')
    .split(':');
  return {
    published: (parts.length > 1 ? parts.at(-2)! : '').replace(/^\$\{\w+:-(\d+)\}$/, '$1'),
    target: parts.at(-1)!,
  };
}

function portsVerdict(node: SourceNode): Verdict | undefined {
  const items = node.kind === 'list' ? node.items : [];
  const isSame = items.every((item) => {
    const { published, target } = portOf(item);
    return published === target;
  });
  return isSame ? undefined : nearly('the program listens on its own port: nothing is mapped');
}

const CONDITIONS: Record<string, string> = {
  service_started: 'started',
  service_healthy: 'ready',
  service_completed_successfully: 'completed',
};

const setDependencies: Rule<ServiceDraft> = (node, { draft, findings }) => {
  if (node.kind !== 'map') {
    for (const name of textsOf(node)) draft.merge('depends_on', { [name]: 'started' });
    return undefined;
  }
  for (const entry of node.entries) {
    const condition = CONDITIONS[textOf(nodeAt(entry, 'condition'))] ?? 'started';
    const isFollowing = isOn(nodeAt(entry, 'restart'));
    const isOptional = textOf(nodeAt(entry, 'required')) === 'false';
    const value: PlainMap = {
      condition,
      ...(isFollowing ? { on_loss: 'restart' } : {}),
      ...(isOptional ? { required: false } : {}),
    };
    draft.merge('depends_on', { [entry.key]: Object.keys(value).length === 1 ? condition : value });
    findings.add(entry, undefined);
  }
  return reported;
};

const setRestart: Rule<ServiceDraft> = (node, { draft }) => {
  const text = textOf(node);
  const [, policy, count] = /^(no|false|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(text) ?? [];
  if (!policy) return notCarried('it is not a policy of compose');
  setPolicy(draft, policy === 'on-failure' ? 'on_failure' : policy === 'no' || policy === 'false' ? 'never' : 'always');
  return count === undefined ? undefined : limitRestarts(draft, Number(count), 'all restarts count there');
};

const setOpenFiles: Rule<ServiceDraft> = (node, { draft }) => {
  const soft = numberOf(nodeAt(node, 'soft') ?? node);
  if (soft === null) return notCarried('it is not a number');
  draft.merge('limits', { nofile: soft });
  return undefined;
};

const setWatch: Rule<ServiceDraft> = (node, { draft, findings }) => {
  for (const item of node.kind === 'list' ? node.items : []) {
    const action = textOf(nodeAt(item, 'action'));
    const path = textOf(nodeAt(item, 'path')).replace(/\/$/, '');
    if (action === 'sync') findings.add(item, undefined);
    else if (action === 'rebuild') findings.add(item, notCarried('nothing is built: restart after a build'));
    else {
      const before = draft.map('watch');
      const ignore = [...((before.ignore as string[] | undefined) ?? []), ...textsOf(nodeAt(item, 'ignore'))];
      const paths = [...((before.paths as string[] | undefined) ?? []), path];
      draft.set('watch', { paths, ...(ignore.length > 0 ? { ignore } : {}) });
      findings.add(item, undefined);
    }
  }
  return reported;
};

function setHook(node: SourceNode, draft: ServiceDraft, hook: 'after_ready' | 'drain'): Verdict | undefined {
  const commands = (node.kind === 'list' ? node.items : []).map((item) => {
    const command = nodeAt(item, 'command');
    return command?.kind === 'list'
      ? textsOf(command)
          .map((word) => (/\s/.test(word) ? `'${word}'` : word))
          .join(' ')
      : textOf(command);
  });
  if (hook === 'drain') draft.merge('stop', { drain: { exec: commands.join(' && ') } });
  else draft.merge('hooks', { after_ready: commands.join(' && ') });
  return nearly(
    hook === 'drain'
      ? '`stop.drain` runs it before the signal'
      : '`hooks.after_ready` runs it once the program is ready',
  );
}
