// What a `[program:x]` makes of each key of a service.
import { nearly, notCarried } from '../../import/model/loss-findings.ts';
import { differs, envRule, exact, type KeyRules, lost } from '../model/report-keys.ts';
import { uses } from '../text/instance-text.ts';

export const SUPERVISORD_KEYS: KeyRules = {
  title: differs('the name of the program is shown'),
  description: lost('a program has no description'),
  tags: lost('a `[group:x]` would change the names of its programs'),
  command: ({ spec }) =>
    spec.pool > 1 && uses(spec, 'ORCH_INDEX') ? nearly('a shell counts ORCH_INDEX from ORCH_INSTANCE') : undefined,
  cwd: ({ spec: { pool, cwd } }) =>
    pool > 1 && /\$\{(?:PORT|ORCH_I)/.test(cwd)
      ? notCarried('all processes of a program have one directory')
      : undefined,
  env: envRule('a shell reads it at each start'),
  env_files: differs('a shell reads the files: values with blanks need quotes, and it fills in `$NAME` as well'),
  pool: ({ spec }) => (spec.pool === 0 ? nearly('one, which is not started') : undefined),
  port: ({ spec }) => {
    if (spec.port === 'auto') return notCarried('supervisord chooses no port: PORT is 0');
    return spec.pool <= 1 ? undefined : nearly('a shell counts PORT from the number of the process');
  },
  singleton: lost('a program runs once for each supervisord'),
  log_queue: differs('each program has a file of its own, without a time in front of the lines'),
  stderr_queue: differs('each program has a file of its own, without a time in front of the lines'),
  depends_on: ({ spec: { dependsOn } }) => {
    if (dependsOn.length === 0) return undefined;
    const isOrder = dependsOn.every(({ condition }) => condition === 'started');
    const reason = '`priority` gives the order of starts and stops; no program waits for another';
    return isOrder ? nearly(reason) : notCarried(reason);
  },
  readiness: lost('a program counts as up after `startsecs`'),
  ready_after: ({ spec }) =>
    spec.readyAfterMs % 1000 === 0 && spec.restart.policy !== 'never'
      ? undefined
      : nearly(spec.restart.policy === 'never' ? 'a task may end at once' : 'rounded up to whole seconds'),
  liveness: lost('an `[eventlistener]` such as httpok of superlance can restart what hangs'),
  startup: lost('a program counts as up after `startsecs`'),
  rollout: lost('`supervisorctl restart` restarts one process after the other'),
  restart: ({ spec: { restart } }) => {
    if (restart.times) return notCarried('supervisord knows no times of restarts');
    return restart.policy === 'never'
      ? undefined
      : nearly('the pauses are 1s, 2s, 3s …, and only runs shorter than `startsecs` count for the limit');
  },
  success_codes: exact,
  on_end: ({ spec }) => (spec.onEnd === 'ignore' ? undefined : notCarried('the other programs run on')),
  on_failure: ({ spec }) => (spec.onFailure === 'ignore' ? undefined : notCarried('the other programs run on')),
  stop: ({ spec: { stop } }) => {
    if (stop.command || stop.message !== undefined || stop.drain || stop.escalate.length > 0)
      return notCarried('only `signal`, `grace` and `to`: supervisord sends one signal, then SIGKILL');
    return stop.graceMs % 1000 === 0 ? undefined : nearly('rounded up to whole seconds');
  },
  reload: lost('`supervisorctl signal HUP NAME` sends the signal'),
  listen: lost('the program opens its sockets itself; `[fcgi-program:x]` passes one as descriptor 0'),
  schedule: lost('it is not started by itself; cron(8) can call `supervisorctl start`'),
  timeout: lost('a process has no time limit'),
  watch: lost('supervisord watches no files'),
  hooks: lost('write them into the command: `migrate && exec server`'),
  limits: lost('`minfds` of `[supervisord]` is for all; memmon of superlance watches memory'),
  profiles: differs('it is not started by itself: `supervisorctl start` does it'),
  stdin: lost('a program gets no input'),
  tty: lost('a program has no terminal'),
  user: exact,
  group: lost('a program has the groups of its user'),
  umask: exact,
  exit_record: lost('it is about orch itself'),
  enabled: exact,
  start: exact,
  variants: exact,
};
