// A program in a real pseudo-terminal: when it shows a text, what it costs, how long a key takes.
import { setTimeout as pause } from 'node:timers/promises';
import { spawn } from '@lydell/node-pty';
import { statOf } from '../orch.mjs';

export const SIZE = { cols: 120, rows: 40 };
const TICKS_PER_SECOND = 100;
/** Enough of what was written to find a text that a chunk cuts in two. */
const KEPT_CHARS = 16_384;

/** @param {Record<string, string>} env besides that of this process */
export function openTerminal(file, args, cwd, env = {}) {
  const beganMs = performance.now();
  const pty = spawn(file, args, {
    ...SIZE,
    cwd,
    env: { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
  });
  let seen = '';
  let chars = 0;
  let look = () => undefined;
  pty.onData((text) => {
    chars += text.length;
    seen = (seen + text).slice(-KEPT_CHARS);
    look();
  });
  const gone = new Promise((resolve) => pty.onExit(resolve));

  /** Resolves with the time of the first write after which `pattern` is in what was written since the call. */
  const shows = (pattern, deadlineMs = 30_000) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${file} ${args.join(' ')} never shows ${pattern}:\n${plain(seen)}`)),
        deadlineMs,
      );
      look = () => {
        if (!pattern.test(plain(seen))) return;
        clearTimeout(timer);
        look = () => undefined;
        resolve(performance.now());
      };
      look();
    });

  return {
    pid: pty.pid,
    firstFrame: async (pattern) => (await shows(pattern)) - beganMs,
    /** How long until `pattern` is written after `keys` were typed. */
    async press(keys, pattern) {
      seen = '';
      const pressedMs = performance.now();
      pty.write(keys);
      return (await shows(pattern)) - pressedMs;
    },
    type: (keys) => pty.write(keys),
    /** Share of one core, and characters written in a second, over that time. `pids`: whose; those of now. */
    async cost(seconds, pids = [pty.pid]) {
      const ticks = () => pids.reduce((sum, pid) => sum + (statOf(pid)?.cpuTicks ?? 0), 0);
      const [before, charsBefore, fromMs] = [ticks(), chars, performance.now()];
      await pause(seconds * 1000);
      const elapsed = (performance.now() - fromMs) / 1000;
      return {
        percent: ((ticks() - before) / TICKS_PER_SECOND / elapsed) * 100,
        charsPerSecond: (chars - charsBefore) / elapsed,
      };
    },
    async close() {
      pty.kill('SIGKILL');
      await gone;
    },
  };
}

/** Without control sequences. */
const plain = (text) =>
  text.replaceAll(/\x1b(?:\[[\d;:?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|.)/g, '');
