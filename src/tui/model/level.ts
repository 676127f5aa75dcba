// The level that a line of output has by its own words: a field of JSON or logfmt, a word in capitals or in brackets, a word
// with a colon. Asked for lines that are shown, and for each line only under a filter by level. Pure.

export type Level = 'error' | 'warn' | 'info' | 'debug';

const WORDS: Record<Level, string> = {
  error: 'error err severe fatal panic critical crit alert emerg emergency',
  warn: 'warning warn wrn',
  info: 'info inf information informational notice',
  debug: 'debug dbg trace trc verbose',
};
const LEVEL_OF_WORD = new Map<string, Level>(
  Object.entries(WORDS).flatMap(([level, words]) => words.split(' ').map((word) => [word, level as Level])),
);
const WORD = [...LEVEL_OF_WORD.keys()].sort((one, other) => other.length - one.length).join('|');
const CAPITALS = WORD.toUpperCase();

/** A level stands near the start. */
const MAX_CHARS = 400;

/** `{"level":"warn"}`, `"severity": "ERROR"`; the numbers of bunyan and pino. */
const JSON_FIELD = /"(?:level|severity|lvl|levelname|log\.level|loglevel)"\s*:\s*(?:"([A-Za-z]+)"|(\d+))/i;
/** `level=warn`, `lvl="error"` */
const LOGFMT_FIELD = /(?:^|\s)(?:level|lvl|severity|loglevel)="?([A-Za-z]+)/i;
/** `[error]`, `<warn>`, `(info)` */
const IN_BRACKETS = new RegExp(`[[<(](${WORD})[\\]>)]`, 'i');
/** `ERROR boom`, `12:00 WARN: slow`, `INFO|started`; not a part of a name such as `ERROR_LOG`. */
const IN_CAPITALS = new RegExp(`(?:^|[\\s|:;,])(${CAPITALS})(?=[\\s|:;,!]|$)`);
/** `error: boom`, `file.c:3: warning: unused`, `Error: boom`, `TypeError: boom` */
const WITH_COLON = new RegExp(`(?:^|[\\s:]|[a-z](?=E))(${WORD}):(?=\\s|$)`, 'i');
/** How Python and Java begin what nothing has caught. */
const UNCAUGHT = /^(?:Traceback \(most recent call last\):|Exception in thread ")/;
/** `E0131 14:05:00.000000 …` of klog. */
const KLOG = /^([IWEF])\d{4} \d\d:/;
const KLOG_LEVELS: Record<string, Level> = { I: 'info', W: 'warn', E: 'error', F: 'error' };

/** @param text without colours. @returns null: it names none */
export function levelOf(text: string): Level | null {
  const start = text.length > MAX_CHARS ? text.slice(0, MAX_CHARS) : text;
  const field = start.startsWith('{') ? JSON_FIELD.exec(start) : LOGFMT_FIELD.exec(start);
  if (field !== null) return field[2] === undefined ? levelOfWord(field[1]!) : levelOfNumber(Number(field[2]));
  if (start.startsWith('{')) return null;
  if (UNCAUGHT.test(start)) return 'error';
  const word = IN_BRACKETS.exec(start) ?? IN_CAPITALS.exec(start) ?? WITH_COLON.exec(start);
  if (word !== null) return levelOfWord(word[1]!);
  const klog = KLOG.exec(start);
  return klog === null ? null : KLOG_LEVELS[klog[1]!]!;
}

const levelOfWord = (word: string): Level | null => LEVEL_OF_WORD.get(word.toLowerCase()) ?? null;

function levelOfNumber(number: number): Level {
  if (number >= 50) return 'error';
  if (number >= 40) return 'warn';
  return number >= 30 ? 'info' : 'debug';
}

/** What a filter by level shows; null: all lines, also those without a level. */
export type LevelFilter = 'warnings' | 'errors' | null;

export const nextLevelFilter = (now: LevelFilter): LevelFilter =>
  now === null ? 'warnings' : now === 'warnings' ? 'errors' : null;

/** A line of a stack trace, whatever words it has; other lines without a level continue an entry as well. */
const OF_STACK_TRACE = /^\s*(?:at\s|File "|Caused by:|Suppressed:|\.\.\. \d+ (?:more|common frames))/;

/** Whether the entry that begins with this line is shown; null: the line begins none. @param text without colours */
export function passesLevel(text: string, filter: LevelFilter): boolean | null {
  if (filter === null) return true;
  const level = OF_STACK_TRACE.test(text) ? null : levelOf(text);
  return level === null ? null : level === 'error' || (filter === 'warnings' && level === 'warn');
}
