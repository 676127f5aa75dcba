// `schedule` -> its normal form.
import type { CronTimes, Schedule, ScheduleTimes } from '../../core/spec.ts';
import { parseDurationMs } from '../../units.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { cronError, isTimeZone } from '../schema/cron-times.ts';
import { DEFAULT_SCHEDULE } from '../schema/defaults.ts';
import { childOf, isTrue, literalOf, type Tree, textOf } from '../tree/tree.ts';
import { durationOf, type NormalizeContext, reportBadValue } from './normalize-context.ts';

/** Closer together, runs would only ever be skipped. */
const SHORTEST_EVERY_MS = 100;

export function normalizeSchedule(tree: Tree | undefined, restart: string, context: NormalizeContext): Schedule | null {
  if (!tree) return null;
  const times = timesOf(tree, context);
  if (times === null) return null;
  if (restart === 'always') {
    const message =
      '`restart: always` does not go with `schedule`: a scheduled service exits and waits for its next run';
    reportBadValue(context, tree, message, 'use `restart: on_failure` or `never`');
  }
  return {
    ...times,
    ...(isTrue(childOf(tree, 'at_start')) && { atStart: true }),
    catchUp: isTrue(childOf(tree, 'catch_up')),
    overlap: (literalOf(childOf(tree, 'overlap')) ?? DEFAULT_SCHEDULE.overlap) as Schedule['overlap'],
  };
}

/** @returns null where there are none; the problems say why. */
function timesOf(tree: Tree, context: NormalizeContext): ScheduleTimes | null {
  const [cron, every, zone] = [
    tree.kind === 'map' ? childOf(tree, 'cron') : tree,
    childOf(tree, 'every'),
    childOf(tree, 'time_zone'),
  ];
  if (cron && every) {
    reportBadValue(
      context,
      every,
      '`every` does not go with `cron`',
      'remove one of them (in an overlay: `cron: null`)',
    );
    return null;
  }
  if (every) return timesOfEvery(every, zone, context);
  if (cron) return timesOfCron(cron, zone, context);
  const message = '`schedule` has neither `cron` nor `every`';
  const hint = 'add for example `cron: "0 3 * * *"` or `every: 45s`';
  context.problems.push(problemAt(tree.at, { code: 'missing-key', message, hint }));
  return null;
}

function timesOfEvery(every: Tree, zone: Tree | undefined, context: NormalizeContext): ScheduleTimes | null {
  const everyMs = durationOf(every, '0s', context);
  if (zone) {
    const message = '`time_zone` has no effect with `every`: its runs follow no time of day';
    reportBadValue(context, zone, message, 'remove it, or use `cron`');
  }
  if (everyMs >= SHORTEST_EVERY_MS) return { everyMs };
  reportBadValue(context, every, `${quote(textOf(every))} is too short`, `at least ${SHORTEST_EVERY_MS}ms`);
  return null;
}

/** @param zone of `cron`, where it names one */
export function timesOfCron(cron: Tree, zone: Tree | undefined, context: NormalizeContext): CronTimes | null {
  const times = {
    cron: literalOf(cron) ?? textOf(cron),
    timeZone: literalOf(zone) ?? DEFAULT_SCHEDULE.timeZone,
  };
  if (!isTimeZone(times.timeZone)) {
    const message = `${quote(times.timeZone)} is not a valid time zone`;
    reportBadValue(context, zone!, message, 'write an IANA name, for example Europe/Berlin, or local');
    return null;
  }
  const wrong = cronError(times);
  if (wrong === null) return times;
  const hint =
    parseDurationMs(times.cron) === null
      ? 'minute hour day month weekday: "0 3 * * *" runs at three every night'
      : `write \`schedule: { every: ${times.cron} }\``;
  reportBadValue(context, cron, `${quote(times.cron)} is not a valid schedule: ${wrong}`, hint);
  return null;
}
