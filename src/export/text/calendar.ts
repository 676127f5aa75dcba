// Cron expressions -> calendar events of systemd.time(7). Pure.

/** `*`, `5`, `1-5`, `1,15`, with `/2`. Names and the special signs of some crons are not translated. */
const FIELD = /^(?:\*|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)(?:\/\d+)?$/;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** @param zone an IANA name, or `local`. @returns null where systemd cannot say it, such as a day of the month or of the week */
export function calendarOfCron(cron: string, zone: string): string | null {
  const fields = cron.trim().split(/\s+/);
  const [second, minute, hour, day, month, weekday] = fields.length === 6 ? fields : ['0', ...fields];
  if (fields.length < 5 || fields.length > 6) return null;
  const days = weekdaysOf(weekday!);
  // Cron takes either of the two, systemd both.
  if (days === null || (days !== '' && day !== '*')) return null;
  const times = [hour, minute, second].map((field) => partOf(field!, 0));
  const dates = [month, day].map((field) => partOf(field!, 1));
  if ([...times, ...dates].includes(null)) return null;
  return `${days}*-${dates.join('-')} ${times.join(':')}${zone === 'local' ? '' : ` ${zone}`}`;
}

/** `*` + `/5` begins at the first number. */
function partOf(field: string, first: number): string | null {
  if (!FIELD.test(field)) return null;
  const [range, step] = field.split('/') as [string, string?];
  if (step === undefined) return range.split(',').map(spanOf).join(',');
  if (range === '*') return `${padded(String(first))}/${step}`;
  return range.includes(',') || !range.includes('-') ? null : `${spanOf(range)}/${step}`;
}

const padded = (number: string): string => (number === '*' ? number : number.padStart(2, '0'));
const spanOf = (range: string): string => range.split('-').map(padded).join('..');

/** With a blank behind it; '' for every day. */
function weekdaysOf(field: string): string | null {
  if (field === '*') return '';
  if (!/^[0-7](?:-[0-7])?(?:,[0-7](?:-[0-7])?)*$/.test(field)) return null;
  const named = field.split(',').map((part) =>
    part
      .split('-')
      .map((number) => DAYS[Number(number)]!)
      .join('..'),
  );
  // systemd counts the week from Monday.
  if (/(?:^|,)0-/.test(field)) return null;
  return `${named.join(',')} `;
}
