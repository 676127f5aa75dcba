// The built orch in a pseudo-terminal, on the project in shop/: types keys, waits for what the screen shows, and keeps
// the screens of it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { screenOf, textOf } from './cells.mjs';

const MAIN = fileURLToPath(new URL('../../dist/orch.cjs', import.meta.url));
const SHOP = fileURLToPath(new URL('./shop/', import.meta.url));
const DEADLINE_MS = 30_000;
const KEYS = { enter: '\r', escape: '\x1b', up: '\x1b[A', down: '\x1b[B' };

/**
 * Runs `orch up`, hands the session to `use`, and leaves nothing behind.
 * @param size { columns, rows }
 */
export async function withSession(size, use) {
  const place = mkdtempSync(join(tmpdir(), 'orch-pictures-'));
  const shop = join(place, 'shop');
  cpSync(SHOP, shop, { recursive: true });
  const { PATH } = process.env;
  // Nothing of the person who runs this: no keys, themes, time zone or files of theirs.
  const env = {
    PATH,
    HOME: place,
    XDG_STATE_HOME: place,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    API_TOKEN: 'x',
  };
  const session = openSession(shop, env, size);
  try {
    return await use(session);
  } finally {
    session.close();
    execFileSync(process.execPath, [MAIN, 'down'], { cwd: shop, env, stdio: 'ignore' });
    rmSync(place, { recursive: true, force: true });
  }
}

function openSession(cwd, env, size) {
  const emulator = new headless.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
  const pty = spawn(process.execPath, [MAIN, 'up'], { cols: size.columns, rows: size.rows, cwd, env });
  let isOver = false;
  let unwritten = 0;
  let look = () => undefined;
  pty.onData((text) => {
    unwritten++;
    emulator.write(text, () => {
      unwritten--;
      look();
    });
  });
  emulator.onData((answer) => pty.write(answer));
  pty.onExit(() => {
    isOver = true;
  });

  /** Not in the middle of a frame: the view writes each as one synchronized update. */
  const isWhole = () => unwritten === 0 && !emulator.modes.synchronizedOutputMode;
  /** Resolves when a whole frame is on the screen and shows `pattern`. */
  const shows = (pattern) =>
    new Promise((resolve, reject) => {
      const seen = () => textOf(screenOf(emulator)).join('\n').trimEnd();
      const timer = setTimeout(() => {
        look = () => undefined;
        reject(new Error(`the view does not show ${pattern}:\n${seen()}`));
      }, DEADLINE_MS);
      look = () => {
        if (!isWhole() || !pattern.test(seen())) return;
        clearTimeout(timer);
        look = () => undefined;
        resolve();
      };
      look();
    });

  return {
    shows,
    /** @param key a name in `KEYS`, or characters */
    type: (key) => pty.write(KEYS[key] ?? key),
    screen: () => screenOf(emulator),
    resize({ columns, rows }) {
      emulator.resize(columns, rows);
      pty.resize(columns, rows);
    },
    close() {
      if (!isOver) pty.kill('SIGHUP'); // as a closed window: the project stops
    },
  };
}
