// What a compose file makes of each key of a service.
import type { ServiceSpec } from '../../core/spec.ts';
import { nearly, notCarried } from '../../import/model/loss-findings.ts';
import { differs, exact, type KeyRule, type KeyRules, listed, lost, readBy } from '../model/report-keys.ts';
import { fillText, knownWords } from '../text/instance-text.ts';
import { isInProject, isNumbered, profilesOf } from './compose-containers.ts';
import { askedVariables, fileSecrets } from './compose-secrets.ts';
import { hasSeveralPrograms, isLeftOut } from './compose-service.ts';
import { hasHealthcheck, healthcheckReasons, isUnseen, readyProbe } from './container-healthcheck.ts';

const because = (reasons: string[]): ReturnType<KeyRule> =>
  reasons.length > 0 ? nearly([...new Set(reasons)].join('; ')) : undefined;

const command: KeyRule = ({ spec }) => {
  const program = spec.command.kind === 'argv' ? spec.command.argv[0]! : '';
  return because([...(/^\/(?!bin\/|usr\/bin\/)/.test(program) ? [`the image must have ${program}`] : [])]);
};

const environment: KeyRule = ({ spec, variables }) => {
  const asked = listed(askedVariables(variables));
  const read = listed(fileSecrets({ variables }).map(([name]) => name));
  return because([
    ...(read === null
      ? []
      : [`${read}: a secret of docker compose, which a shell reads at each start${readBy(spec, variables.secrets)}`]),
    ...(asked === null ? [] : [`docker compose takes ${asked} from its own environment, or from \`.env\``]),
    ...(spec.env.TINI_KILL_PROCESS_GROUP === undefined ? [] : ['TINI_KILL_PROCESS_GROUP tells docker what to signal']),
  ]);
};

function readyReasons(other: ServiceSpec): string[] {
  if (!hasHealthcheck(other)) return [`docker compose waits for the start of ${other.name}, which has no healthcheck`];
  return readyProbe(other)!.checks.some(isUnseen) ? [`a part of the readiness of ${other.name} is not checked`] : [];
}

const dependencies: KeyRule = ({ spec }, { services }) =>
  because(
    spec.dependsOn.flatMap(({ service, condition, onLoss }) => {
      const other = services.find((one) => one.spec.name === service)?.spec;
      if (!other) return [`${service} is left out`];
      return [
        ...(condition === 'ready' ? readyReasons(other) : []),
        ...(condition === 'ended' ? [`when ${service} fails, docker compose prints a warning`] : []),
        ...(isLeftOut(other, spec) ? [`it does not wait for ${service} unless the profile of that is chosen`] : []),
        ...(onLoss === 'restart' ? [`restarted when docker compose restarts ${service}`] : []),
        ...(onLoss === 'hold' ? [`a loss of ${service} is ignored`] : []),
      ];
    }),
  );

const restart: KeyRule = ({ spec: { restart: policy } }) => {
  if (policy.times) return notCarried('cron(8) can call `docker compose restart`');
  return policy.policy === 'never'
    ? undefined
    : because([
        'docker chooses the pauses: 100ms, doubled up to 1m',
        ...(policy.limit === null
          ? []
          : [policy.policy === 'always' ? 'without a limit' : 'all restarts count for the limit']),
      ]);
};

const stop: KeyRule = ({ spec }) => {
  const { stop: policy } = spec;
  if (
    policy.escalate.length > 0 ||
    policy.command ||
    policy.message !== undefined ||
    (policy.drain && policy.drain.by.kind !== 'exec')
  )
    return notCarried('only `signal`, `grace` and a drain by `exec`: docker sends one signal, then SIGKILL');
  return because([
    ...(policy.drain ? ['`pre_stop` runs the drain, without its time limit'] : []),
    ...(policy.to === 'main' && hasSeveralPrograms(spec) ? ['the shell and its programs get the signal at once'] : []),
  ]);
};

const instances = (spec: ServiceSpec): ReturnType<KeyRule> => {
  if (spec.pool <= 1) return undefined;
  return isNumbered(spec)
    ? nearly(`a service for each instance: ${spec.name}.1 … ${spec.name}.${spec.pool}`)
    : nearly('`deploy.replicas`: the containers do not know their number');
};

const noHealthcheck = lost('docker restarts no unhealthy container');

export const COMPOSE_KEYS: KeyRules = {
  title: differs('a comment'),
  description: differs('a comment'),
  tags: lost('`docker compose` takes names, or a profile'),
  command,
  cwd: ({ spec }, project) => {
    const directory = fillText(spec.cwd, knownWords(spec, project.config), (text) => text);
    return isInProject(directory, project) ? undefined : nearly(`${directory} is mounted as it is here`);
  },
  env: environment,
  env_files: differs('docker compose reads the files by its own rules: it fills in `$NAME` as well'),
  pool: ({ spec }) => instances(spec),
  port: ({ spec }) =>
    spec.port === 'auto'
      ? notCarried('docker compose chooses no port in the network of this machine: PORT is 0')
      : spec.pool <= 1
        ? undefined
        : instances(spec),
  singleton: differs('a container runs once for a project, and is not looked for elsewhere'),
  log_queue: differs('docker keeps the lines of each container: `docker compose logs`'),
  stderr_queue: differs('docker keeps both streams of a container together'),
  depends_on: dependencies,
  readiness: ({ spec }) => {
    if (spec.readiness === null) return undefined;
    return hasHealthcheck(spec)
      ? because([...healthcheckReasons(spec.readiness)])
      : notCarried('no healthcheck sees output, messages or a port that orch chooses: others wait for the start');
  },
  ready_after: ({ spec }) => (spec.readyAfterMs === 0 ? undefined : nearly('it counts as up when its program runs')),
  liveness: noHealthcheck,
  startup: ({ spec, ...service }, project) =>
    spec.readiness === null && hasHealthcheck(spec)
      ? nearly('it is the healthcheck; docker restarts no unhealthy container')
      : noHealthcheck({ spec, ...service }, project),
  rollout: lost('`docker compose up` recreates the containers of a service one after the other'),
  restart,
  success_codes: ({ spec }) =>
    spec.successCodes === null || (spec.successCodes.length === 1 && spec.successCodes[0] === 0)
      ? undefined
      : notCarried('0 alone counts as success'),
  on_end: ({ spec }) =>
    spec.onEnd === 'ignore' ? undefined : notCarried('`docker compose up --abort-on-container-exit` ends all'),
  on_failure: ({ spec }) =>
    spec.onFailure === 'ignore' ? undefined : notCarried('`docker compose up --abort-on-container-failure` ends all'),
  stop,
  reload: lost('`docker compose kill -s HUP NAME` sends the signal'),
  listen: lost('the program opens its sockets itself'),
  schedule: lost('it has the profile `scheduled`: cron(8) can call `docker compose run --rm NAME`'),
  timeout: lost('`timeout 30s` in front of the command ends it'),
  watch: ({ spec: { watch } }) => {
    if (watch === null) return undefined;
    return watch.action.kind === 'restart'
      ? nearly('`docker compose up --watch` watches the directories')
      : notCarried('docker compose can restart it, and nothing else');
  },
  hooks: ({ spec: { hooks } }) => {
    const after = '`after_exit`: docker runs nothing after a container has ended';
    if (!hooks.beforeStart && !hooks.afterReady) return hooks.afterExit ? notCarried(after) : undefined;
    return because([
      ...(hooks.afterExit ? [`without ${after}`] : []),
      ...(hooks.beforeStart ? ['`before_start` is a part of the command'] : []),
      ...(hooks.once ? ['it runs before each instance'] : []),
      ...(hooks.afterReady ? ['`post_start` runs `after_ready` after the start'] : []),
    ]);
  },
  limits: ({ spec: { limits } }) => {
    const nice = '`nice`: `cpu_shares` is a share of the processor';
    if (limits.nice !== null && limits.memory === null && limits.nofile === null) return notCarried(nice);
    return because([
      ...(limits.nice === null ? [] : [`without ${nice}`]),
      ...(limits.memory?.action === 'restart' ? ['the kernel kills it at the limit, without a stop signal'] : []),
    ]);
  },
  profiles: exact,
  stdin: ({ spec }) => (spec.stdin ? nearly('`docker compose attach NAME` writes to it') : undefined),
  tty: exact,
  user: differs('by number: the image may have other names'),
  group: ({ spec }) => (spec.user === null ? notCarried('`user` is needed for it') : nearly('by number')),
  umask: lost('`umask` in the command sets it'),
  exit_record: lost('it is about orch itself'),
  enabled: exact,
  start: ({ spec }) =>
    spec.start === 'auto' ? undefined : nearly(`the profile \`${profilesOf(spec)[0]}\` starts it, or its name`),
  variants: exact,
};
