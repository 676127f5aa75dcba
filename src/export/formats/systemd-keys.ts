// What the units make of each key of a service.
import { nearly, notCarried } from '../../import/model/loss-findings.ts';
import { differs, envRule, exact, type KeyRule, type KeyRules, lost } from '../model/report-keys.ts';
import { calendarOfCron } from '../text/calendar.ts';
import { fillText, knownWords, uses } from '../text/instance-text.ts';
import { isNotify, isOneshot } from './systemd-units.ts';

const noProbe = lost('systemd has no probes: `WatchdogSec=` restarts a program that says so itself');

const command: KeyRule = ({ spec }, { config, findProgram }) => {
  if (spec.pool > 1 && uses(spec, 'ORCH_INDEX')) return nearly('a shell counts ORCH_INDEX from the instance');
  if (spec.command.kind === 'shell') return nearly('its programs are looked for in the PATH of systemd');
  const words = knownWords(spec, config);
  const name = fillText(spec.command.argv[0]!, words, (text) => text);
  const found = findProgram(
    name,
    fillText(spec.cwd, words, (text) => text),
  );
  return found === null ? nearly(`${name} is not found here: write its absolute path`) : undefined;
};

const dependencies: KeyRule = ({ spec }, { config }) => {
  const reasons = spec.dependsOn.flatMap(({ service, condition, onLoss }) => {
    const other = config.services.find(({ name }) => name === service);
    const reason: string[] = [];
    if (!other?.enabled) reason.push(`${service} is left out`);
    else if (other.schedule) reason.push(`systemd does not wait for a run of ${service}, which a timer starts`);
    else if (condition === 'ready' && !isNotify(other))
      reason.push(`systemd waits for the start of ${service}; with \`Type=notify\` for its message`);
    else if ((condition === 'completed' || condition === 'ended') && !isOneshot(other, config))
      reason.push(`systemd waits for the start of ${service}, which is restarted`);
    else if (condition === 'completed' || condition === 'ready')
      reason.push(...(onLoss === 'ignore' ? [] : [`a loss of ${service} stops it only when ${service} is stopped`]));
    else if (onLoss !== 'ignore') reason.push(`a loss of ${service} is ignored`);
    return reason;
  });
  return reasons.length > 0 ? nearly(reasons.join('; ')) : undefined;
};

const restart: KeyRule = ({ spec: { restart: policy } }) => {
  if (policy.times) return notCarried('a timer that calls `systemctl restart` can do it');
  if (policy.policy === 'never') return undefined;
  const reasons = [
    ...(policy.backoff.initialMs === policy.backoff.maxMs ? [] : ['the pause does not grow']),
    ...(policy.limit === null
      ? []
      : [policy.limit.withinMs === null ? 'without a limit: systemd counts starts within a time' : 'all starts count']),
  ];
  return reasons.length > 0 ? nearly(reasons.join('; ')) : undefined;
};

export const SYSTEMD_KEYS: KeyRules = {
  title: exact,
  description: ({ spec }) =>
    spec.title !== null
      ? nearly('the title is shown')
      : /\n/.test(spec.description?.trim() ?? '')
        ? nearly('on one line')
        : undefined,
  tags: lost('`systemctl` takes patterns of names'),
  command,
  cwd: ({ spec: { pool, cwd } }) =>
    pool > 1 && /\$\{(?:PORT|ORCH_I)/.test(cwd) ? notCarried('all instances have one directory') : undefined,
  env: envRule('a shell reads it at each start'),
  env_files: differs('systemd reads the files, by its own rules of quoting, and fills in no variables'),
  pool: ({ spec }) =>
    spec.pool === 1
      ? undefined
      : spec.pool === 0
        ? nearly('one, which is not started')
        : nearly('a template, and a target that wants each instance'),
  port: ({ spec }) => {
    if (spec.port === 'auto') return notCarried('systemd chooses no port: PORT is 0');
    return spec.pool <= 1 ? undefined : nearly('a shell counts PORT from the instance');
  },
  singleton: differs('a unit runs once on the machine, and is not looked for elsewhere'),
  log_queue: differs('a file without times and rotation, or the journal'),
  stderr_queue: differs('a file without times and rotation, or the journal'),
  depends_on: dependencies,
  readiness: (service, project) => (isNotify(service.spec) ? undefined : noProbe(service, project)),
  ready_after: ({ spec }) => (spec.readyAfterMs === 0 ? undefined : nearly('it counts as up when its program runs')),
  liveness: noProbe,
  startup: noProbe,
  rollout: lost('`systemctl restart` restarts all instances at once'),
  restart,
  success_codes: ({ spec }) => (spec.successCodes?.includes(0) ? undefined : nearly('0 counts as success, too')),
  on_end: ({ spec }) =>
    spec.onEnd === 'ignore'
      ? undefined
      : notCarried('`OnSuccess=` and `OnFailure=` can name a unit that stops the target'),
  on_failure: ({ spec }) =>
    spec.onFailure === 'ignore' ? undefined : notCarried('`OnFailure=` can name a unit that stops the target'),
  stop: ({ spec: { stop } }) =>
    stop.drain || stop.escalate.length > 0 || stop.message !== undefined
      ? notCarried('`drain`, `escalate` and `message`: systemd sends one signal, then SIGKILL')
      : undefined,
  listen: ({ spec }) =>
    spec.pool > 1
      ? notCarried('a socket belongs to one unit, not to a pool')
      : nearly('the names in LISTEN_FDNAMES are those of systemd'),
  schedule: ({ spec: { schedule, pool } }) => {
    if (!schedule) return undefined;
    if (pool > 1) return notCarried('write a timer for each instance');
    if (!('everyMs' in schedule) && calendarOfCron(schedule.cron, schedule.timeZone) === null)
      return notCarried('no OnCalendar= has these times: it is not started by itself');
    if (schedule.overlap !== 'skip')
      return nearly('a run that still runs is left to its end, and the next one left out');
    return !('everyMs' in schedule) && schedule.atStart
      ? nearly('the first run is at the first of the times')
      : undefined;
  },
  reload: ({ spec: { reload } }) => (reload?.kind === 'command' ? nearly('`systemctl reload` runs it') : undefined),
  timeout: exact,
  watch: lost('a path unit can start another unit when a file changes'),
  hooks: ({ spec }) =>
    spec.hooks.once
      ? nearly('`before_start` runs before each instance')
      : spec.hooks.afterReady && !isNotify(spec)
        ? nearly('`after_ready` runs after the start')
        : undefined,
  limits: ({ spec: { limits } }) =>
    limits.memory?.action === 'restart' ? nearly('the kernel kills it at the limit, without a stop signal') : undefined,
  profiles: differs('it is not started by itself: `systemctl start` does it'),
  stdin: lost('a unit gets no input'),
  tty: lost('a unit has no terminal of its own'),
  user: exact,
  group: exact,
  umask: exact,
  exit_record: lost('it is about orch itself'),
  enabled: exact,
  start: exact,
  variants: exact,
};
