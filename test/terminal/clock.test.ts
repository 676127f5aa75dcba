// Times for people: local, with the date where it is not today's, in whatever time zone and on both sides of a change.
import { afterEach, expect, test } from 'vitest';
import { formatClock, formatMoment } from '../../src/units.ts';

const zone = process.env.TZ;
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

test.each([
  // Berlin: 02:00 becomes 03:00, and in autumn 03:00 becomes 02:00.
  ['Europe/Berlin', '2026-03-29T00:59:59.900Z', '2026-03-29 01:59:59.900'],
  ['Europe/Berlin', '2026-03-29T01:00:00.000Z', '2026-03-29 03:00:00.000'],
  ['Europe/Berlin', '2026-10-25T00:30:00.000Z', '2026-10-25 02:30:00.000'],
  ['Europe/Berlin', '2026-10-25T01:30:00.000Z', '2026-10-25 02:30:00.000'],
  ['Asia/Kolkata', '2026-01-31T20:00:00.001Z', '2026-02-01 01:30:00.001'],
  ['America/St_Johns', '2026-01-01T01:00:00.000Z', '2025-12-31 21:30:00.000'],
  ['UTC', '2026-01-31T14:03:07.250Z', '2026-01-31 14:03:07.250'],
])('%s: %s is %s', (timeZone, time, text) => {
  process.env.TZ = timeZone;
  const timeMs = Date.parse(time);
  expect(formatClock(timeMs, { date: true, ms: true })).toBe(text);
  expect(formatMoment(timeMs, timeMs + 86_400_000)).toBe(text);
  expect(formatMoment(timeMs, timeMs)).toBe(text.slice(11));
  expect(formatMoment(timeMs, timeMs + 86_400_000, { utc: true })).toBe(`${time.replace('T', ' ')}`);
});

test('today is a matter of the time zone', () => {
  process.env.TZ = 'Asia/Tokyo';
  const now = Date.parse('2026-01-31T15:30:00Z'); // half past midnight on 1 February
  expect(formatMoment(Date.parse('2026-01-31T14:30:00Z'), now)).toBe('2026-01-31 23:30:00.000');
  expect(formatMoment(Date.parse('2026-01-31T14:30:00Z'), now, { utc: true })).toBe('14:30:00.000Z');
});
