// One script or command of package.json -> the program, its directory and its variables, as a person would write them. Pure.
import { posix } from 'node:path';
import type { PlainMap } from '../model/plain.ts';
import { type ShellWord, splitWords } from '../text/shell-words.ts';

export type ScriptLine = {
  command: string | string[];
  cwd: string | null;
  env: Record<string, string>;
  /** What `wait-on` waits for: `tcp:3000`, `http://localhost:8080`. */
  waitsFor: string[];
  needsStdin: boolean;
};

/** Programs that are there without a package. */
const SYSTEM_PROGRAMS =
  /^(node|npm|npx|yarn|pnpm|pnpx|bun|bunx|deno|corepack|python3?|uv|poetry|pipenv|flask|uvicorn|gunicorn|celery|ruby|bundle|rails|php|composer|java|mvn|gradle|go|air|cargo|dotnet|mix|docker|docker-compose|podman|make|just|task|mise|nix|caddy|nginx|redis-server|postgres|mongod|mysqld|mailhog|sleep|echo|printf|cat|tail|ls|cp|mv|rm|mkdir|touch|true|false|test|kill|env|exec|cd|sh|bash|zsh|time|nohup|sudo|watch|curl|wget|\[|\.{0,2}\/.*)$/;

/** @param runner runs a program of node_modules: `npx` */
export function readScriptLine(text: string, runner: string): ScriptLine {
  const line: ScriptLine = { command: text.trim(), cwd: null, env: {}, waitsFor: [], needsStdin: needsStdin(text) };
  let rest = text.trim();
  for (;;) {
    const words = splitWords(rest, true);
    if (words === null || words.length === 0) break;
    const next = takeDirectory(rest, words, line) ?? takeVariables(rest, words, line) ?? takeWaitOn(rest, words, line);
    if (next === null) break;
    rest = next;
  }
  line.command = withRunner(rest, runner);
  return line;
}

/** `cd api && …` */
function takeDirectory(rest: string, words: ShellWord[], line: ScriptLine): string | null {
  const [first, directory, operator, after] = words;
  if (first?.text !== 'cd' || operator?.text !== '&&' || !after || directory!.text.includes('$')) return null;
  line.cwd = posix.join(line.cwd ?? '.', directory!.text);
  return rest.slice(after.start);
}

/** `NODE_ENV=x …`, `cross-env NODE_ENV=x …`, but for values that the shell works out, and lines with several commands. */
function takeVariables(rest: string, words: ShellWord[], line: ScriptLine): string | null {
  const from = ['cross-env', 'env'].includes(words[0]!.text) ? 1 : 0;
  let at = from;
  while (words[at] && /^[A-Za-z_]\w*=/.test(words[at]!.text) && !words[at]!.isOperator) at++;
  const program = words[at];
  if (at === from || !program || program.isOperator) return null;
  const pairs = words.slice(from, at).map(({ text }) => text);
  if (
    pairs.some((pair) => /[$`]/.test(pair)) ||
    words.some(({ text, isOperator }) => isOperator && /^(&&|;|\|\|)$/.test(text))
  )
    return null;
  for (const pair of pairs) line.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
  return rest.slice(program.start);
}

/** `wait-on tcp:3000 && …` */
function takeWaitOn(rest: string, words: ShellWord[], line: ScriptLine): string | null {
  const from = words[0]!.text === 'npx' ? 1 : 0;
  if (words[from]?.text !== 'wait-on') return null;
  const end = words.findIndex(({ isOperator }) => isOperator);
  const after = words[end + 1];
  if (end === -1 || words[end]!.text !== '&&' || !after) return null;
  const options = words.slice(from + 1, end).map(({ text }) => text);
  line.waitsFor.push(
    ...options.filter(
      (text, index) =>
        !text.startsWith('-') && !/^(-[tidvw]|--(timeout|interval|delay|window))$/.test(options[index - 1] ?? ''),
    ),
  );
  return rest.slice(after.start);
}

function withRunner(text: string, runner: string): string | string[] {
  const words = splitWords(text, true);
  const first = words?.[0];
  if (!words || !first || first.isOperator) return text;
  const isPlain = words.every(
    ({ isOperator, text: word, start, end }) => !isOperator && text.slice(start, end) === word && !/[$`*?~]/.test(word),
  );
  const isOwn = SYSTEM_PROGRAMS.test(first.text) || /^[A-Za-z_]\w*=/.test(first.text) || /[$`]/.test(first.text);
  if (isPlain)
    return isOwn ? words.map(({ text: word }) => word) : [...runner.split(' '), ...words.map(({ text: word }) => word)];
  return isOwn ? text : `${runner} ${text}`;
}

/** These watch until their standard input is closed. */
const needsStdin = (text: string): boolean =>
  /\besbuild\b.*--watch(?!=forever)/.test(text) ||
  /\b(tailwindcss|tailwind)\b.*\s(-w|--watch)\b(?!=always)/.test(text) ||
  /--watch-stdin/.test(text);

/** `tcp:3000` -> a probe; null for what orch has no probe for. */
export function probeOfResource(resource: string): { probe: PlainMap; port: string | null } | null {
  const tcp = /^tcp:(?:\/\/)?(?:([\w.-]+):)?(\d+)$/.exec(resource);
  if (tcp)
    return {
      probe: {
        tcp: !tcp[1] || /^(localhost|127\.0\.0\.1|0\.0\.0\.0)$/.test(tcp[1]) ? Number(tcp[2]) : `${tcp[1]}:${tcp[2]}`,
      },
      port: tcp[2]!,
    };
  const http = /^(https?)(?:-get)?:(?:\/\/)?(.+)$/.exec(resource);
  if (http) {
    const url = `${http[1]}://${/^\d+(\/|$)/.test(http[2]!) ? `localhost:${http[2]}` : http[2]}`;
    return { probe: { http: url }, port: /^https?:\/\/[^/:]+:(\d+)/.exec(url)?.[1] ?? null };
  }
  const file = /^(?:file:)?((?:\.{0,2}\/)?[\w./-]+)$/.exec(resource)?.[1];
  return file ? { probe: { exec: `test -e ${file}` }, port: null } : null;
}
