// The command lines of concurrently and npm-run-all (run-p, run-s) -> the commands that they run, and how. Pure.
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import { fromMs } from '../text/durations.ts';

export type RunnerTask = {
  /** `npm:dev:*`, `npm run x`, a command. */
  line: string;
  /** The name that the runner shows, or null. */
  name: string | null;
  /** Of tasks with the same number, all run at once; later numbers wait for the end of earlier ones. */
  step: number;
};

export type RunnerLine = {
  tool: 'concurrently' | 'npm-run-all';
  tasks: RunnerTask[];
  onEnd: boolean;
  onFailure: boolean;
  restart: { tries: number; after: string | null } | null;
  stop: { signal?: string; grace?: string };
  stdin: boolean;
  options: { text: string; verdict: Verdict | undefined }[];
};

export const RUNNERS = /^(concurrently|conc|npm-run-all2?|run-p|run-s)$/;

/** @param words of the whole line, without `npx` */
export function readRunner(words: string[]): RunnerLine {
  const [program = '', ...rest] = words;
  const isConcurrently = program.startsWith('conc');
  const runner: RunnerLine = {
    tool: isConcurrently ? 'concurrently' : 'npm-run-all',
    tasks: [],
    onEnd: false,
    onFailure: !isConcurrently,
    restart: null,
    stop: {},
    stdin: false,
    options: [],
  };
  if (isConcurrently) readConcurrently(rest, runner);
  else readNpmRunAll(rest, runner, program === 'run-p');
  return runner;
}

const view = 'orch shows each line with its instance';

/** Short names, and which take a value. */
const CONCURRENTLY: Record<string, { long: string; takes: boolean }> = {
  '-n': { long: '--names', takes: true },
  '-c': { long: '--prefix-colors', takes: true },
  '-p': { long: '--prefix', takes: true },
  '-l': { long: '--prefix-length', takes: true },
  '-t': { long: '--timestamp-format', takes: true },
  '-m': { long: '--max-processes', takes: true },
  '-s': { long: '--success', takes: true },
  '-k': { long: '--kill-others', takes: false },
  '-r': { long: '--raw', takes: false },
  '-i': { long: '--handle-input', takes: false },
  '-g': { long: '--group', takes: false },
  '-P': { long: '--passthrough-arguments', takes: false },
  '--ks': { long: '--kill-signal', takes: true },
};
const TAKES_VALUE =
  /^--(names|names-separator|name-separator|prefix-colors|prefix|prefix-length|pad-prefix-length|timestamp-format|max-processes|success|kill-signal|kill-timeout|restart-tries|restart-after|default-input-target|hide|cwd|teardown|shell|spacer)$/;

function readConcurrently(words: string[], runner: RunnerLine): void {
  let names = '';
  let separator = ',';
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (!word.startsWith('-')) {
      runner.tasks.push({ line: word, name: null, step: 0 });
      continue;
    }
    // `-kr` is `-k -r`.
    if (/^-[a-z]{2,}$/i.test(word) && CONCURRENTLY[word] === undefined) {
      words.splice(at, 1, ...[...word.slice(1)].map((letter) => `-${letter}`));
      at--;
      continue;
    }
    const [given, inline] = word.split(/=(.*)/s) as [string, string?];
    const long = CONCURRENTLY[given]?.long ?? given;
    const value = inline ?? (TAKES_VALUE.test(long) ? (words[++at] ?? '') : '');
    if (long === '--names-separator' || long === '--name-separator') separator = value;
    if (long === '--names') names = value;
    runner.options.push({ text: long, verdict: setConcurrently(long, value, runner) });
  }
  for (const [index, name] of names.split(separator).entries())
    if (runner.tasks[index] && name.trim() !== '') runner.tasks[index].name = name.trim();
}

function setConcurrently(option: string, value: string, runner: RunnerLine): Verdict | undefined {
  switch (option) {
    case '--names':
    case '--names-separator':
    case '--name-separator':
    case '--raw':
    case '--no-color':
      return undefined;
    case '--kill-others':
      runner.onEnd = true;
      return undefined;
    case '--kill-others-on-fail':
      runner.onFailure = true;
      return undefined;
    case '--restart-tries':
      runner.restart = { tries: Number(value), after: runner.restart?.after ?? null };
      return undefined;
    case '--restart-after':
      runner.restart = {
        tries: runner.restart?.tries ?? 0,
        after: value === 'exponential' ? null : fromMs(Number(value)),
      };
      return undefined;
    case '--kill-signal':
      runner.stop.signal = value;
      return undefined;
    case '--kill-timeout':
      runner.stop.grace = fromMs(Number(value));
      return undefined;
    case '--handle-input':
      runner.stdin = true;
      return nearly('`orch attach NAME` types into one program');
    case '--default-input-target':
      return nearly('`orch attach NAME` types into one program');
    case '--success':
      return value === 'all'
        ? undefined
        : nearly('`orch up --exit-code-from NAME` ends with the exit code of one program');
    case '--prefix-colors':
    case '--prefix':
    case '--prefix-length':
    case '--pad-prefix':
    case '--timestamp-format':
    case '--timings':
    case '--hide':
    case '--group':
      return nearly(view);
    case '--max-processes':
      return nearly('all start at once: order them by `depends_on`');
    case '--teardown':
      return notCarried('`hooks.after_exit` runs a command after a program');
    case '--cwd':
      return nearly('`cwd` of each service');
    default:
      return notCarried('orch import does not know this option');
  }
}

function readNpmRunAll(words: string[], runner: RunnerLine, isParallel: boolean): void {
  let parallel = isParallel;
  let step = 0;
  for (const [at, word] of words.entries()) {
    if (word === '--') {
      runner.options.push({
        text: '--',
        verdict: notCarried(`the arguments ${words.slice(at + 1).join(' ')} are not passed on`),
      });
      return;
    }
    if (!word.startsWith('-')) {
      if (!parallel && runner.tasks.length > 0) step++;
      runner.tasks.push({ line: `npm:${word}`, name: null, step });
      continue;
    }
    // `run-p -lc` is `-l -c`.
    const flags = /^-[a-z]{2,}$/.test(word) ? [...word.slice(1)].map((letter) => `-${letter}`) : [word.split('=')[0]!];
    for (const flag of flags) {
      if (flag === '--parallel' || (flag === '-p' && !isParallel)) {
        parallel = true;
        if (runner.tasks.length > 0) step++;
      } else if (['--serial', '--sequential', '-s'].includes(flag) && flag !== '-s') {
        parallel = false;
        if (runner.tasks.length > 0) step++;
      } else if (flag === '-s') parallel = isParallel;
      else if (['--race', '-r'].includes(flag)) runner.onEnd = true;
      else if (['--continue-on-error', '-c'].includes(flag)) runner.onFailure = false;
      runner.options.push({ text: flag, verdict: npmRunAllVerdict(flag) });
    }
  }
}

const npmRunAllVerdict = (flag: string): Verdict | undefined => {
  if (
    /^(-p|--parallel|-s|--serial|--sequential|-r|--race|-c|--continue-on-error|--silent|-n|--print-name|-l|--print-label)$/.test(
      flag,
    )
  )
    return undefined;
  if (flag === '--max-parallel') return nearly('all start at once: order them by `depends_on`');
  return /^(--aggregate-output|--npm-path)$/.test(flag)
    ? nearly(view)
    : notCarried('orch import does not know this option');
};
