// Time spans and calendar times of other tools -> milliseconds and cron expressions. Pure.
import { parseLongDuration } from './durations.ts';

/** A time span of systemd; a bare number is seconds. @returns null for `infinity` and what is not a span */
export function toTimespanMs(text: string): number | null {
  return /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) * 1000 : parseLongDuration(text);
}

const SHORT: Record<string, string> = {
  minutely: '* * * * *',
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  weekly: '0 0 * * 1',
  monthly: '0 0 1 * *',
  yearly: '0 0 1 1 *',
  annually: '0 0 1 1 *',
  quarterly: '0 0 1 1,4,7,10 *',
  semiannually: '0 0 1 1,7 *',
};

/** `Mon..Fri *-*-* 09:00:00 Europe/Berlin`. @returns null where cron has nothing like it, such as a certain year */
export function cronOfCalendar(text: string): { cron: string; zone: string | null } | null {
  const trimmed = text.trim();
  const zone = /\s(UTC|[A-Z][A-Za-z_]+\/[A-Za-z_/]+)$/.exec(trimmed)?.[1] ?? null;
  const rest = zone === null ? trimmed : trimmed.slice(0, -zone.length).trim();
  if (SHORT[rest]) return { cron: SHORT[rest], zone };
  const match =
    /^(?:([A-Za-z.,]+)\s+)?(?:(\*|\d{4})-([\d*,./]+)-([\d*,./]+)\s*)?(?:([\d*,./]+):([\d*,./]+)(?::([\d*,./]+))?)?$/.exec(
      rest,
    );
  if (!match) return null;
  const [, days, year, month, day, hour, minute, second] = match;
  if (year !== undefined && year !== '*') return null;
  const fields = [second ?? '00', minute ?? '00', hour ?? '00', day ?? '*', month ?? '*'].map(cronField);
  if (fields.some((field) => field === null)) return null;
  const weekday =
    days === undefined
      ? '*'
      : days
          .replaceAll('..', '-')
          .toLowerCase()
          .replace(/([a-z]{3})[a-z]*/g, '$1');
  const cron = [...fields, weekday].join(' ');
  return { cron: fields[0] === '0' ? cron.slice(2) : cron, zone };
}

/** `*`, `05`, `1,15`, `9..17`, `00/5` */
function cronField(text: string): string | null {
  const field = text.replaceAll('..', '-').replace(/\b0+(?=\d)/g, '');
  if (/^0\/\d+$/.test(field)) return `*/${field.slice(2)}`;
  return /^(\*|\d+(-\d+)?(,\d+(-\d+)?)*)(\/\d+)?$/.test(field) ? field : null;
}
