// Times of cron in the words of systemd, which `orch import` reads back as the same times.
import { expect, test } from 'vitest';
import { calendarOfCron } from '../../src/export/text/calendar.ts';
import { cronOfCalendar } from '../../src/import/text/cron.ts';

test.each([
  ['30 3 * * *', 'UTC', '*-*-* 03:30:00 UTC'],
  ['30 3 * * 1-5', 'local', 'Mon..Fri *-*-* 03:30:00'],
  ['0 9 * * 1,3,0', 'Europe/Berlin', 'Mon,Wed,Sun *-*-* 09:00:00 Europe/Berlin'],
  ['*/15 * * * *', 'UTC', '*-*-* *:00/15:00 UTC'],
  ['*/10 * * * * *', 'UTC', '*-*-* *:*:00/10 UTC'],
  ['0 0 1,15 1-6 *', 'UTC', '*-01..06-01,15 00:00:00 UTC'],
  ['5 0 */2 * *', 'UTC', '*-*-01/2 00:05:00 UTC'],
  ['0 9-17/2 * * *', 'UTC', '*-*-* 09..17/2:00:00 UTC'],
])('%s in %s is %s', (cron, zone, expected) => {
  expect(calendarOfCron(cron, zone)).toBe(expected);
});

test.each(['30 3 * * 1-5', '0 4 1,15 * *', '*/15 * * * *'])('%s comes back', (cron) => {
  const numbers = cron.replace('1-5', 'mon-fri');
  expect(cronOfCalendar(calendarOfCron(cron, 'UTC')!)).toEqual({ cron: numbers, zone: 'UTC' });
});

test.each([
  ['0 0 13 * 5', 'cron takes either of the two days, systemd both'],
  ['0 0 L * *', 'the last day'],
  ['0 0 * * MON', 'a name'],
  ['0 0 * * 0-2', 'a week from Sunday'],
  ['0 0 * * 1#2', 'the second Monday'],
])('%s has no calendar event (%s)', (cron) => {
  expect(calendarOfCron(cron, 'UTC')).toBe(null);
});
