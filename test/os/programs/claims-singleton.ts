// A supervisor in small: claims the singleton `bot` (argv: project root, nonce, policy, what to do), starts a process
// that proves by flock(1) on $ALONE that no other lives, and prints one line of what came of it.
// What to do: `commit` and stay, `crash` between the start and its record, `abandon`.
import { openSync } from 'node:fs';
import { identify } from '../../../src/os/process/identity.ts';
import { claimSingleton } from '../../../src/os/singleton/claim-singleton.ts';
import { spawnInstance } from '../../../src/os/spawn/spawn.ts';

const [projectRoot = '', nonce = '', onConflict = 'replace', deed = 'commit'] = process.argv.slice(2);
const loop = setInterval(() => undefined, 1000);
const claim = {
  key: 'bot',
  scope: 'host',
  projectRoot,
  stateDir: '',
  instance: 'bot.1',
  nonce,
  signal: 'SIGTERM',
  graceMs: 300,
} as const;
const result = await claimSingleton({ ...claim, onConflict: onConflict as 'replace' });
if (!result.ok) say(`${result.code} ${result.heldBy?.process.nonce}`);
else if ('adopt' in result) say(`adopt ${result.adopt.nonce}`);
else {
  const out = openSync('/dev/null', 'r+');
  const env = { PATH: process.env.PATH ?? '', ORCH_NONCE: nonce, MARK: process.env.MARK ?? '' };
  // -E 99: another one lives. The grandchild holds the lock too: the whole tree counts.
  const line = `flock -n -E 99 ${process.env.ALONE} sh -c 'trap "" TERM; setsid sleep 1000 & wait' || exit $?`;
  const request = {
    file: '/bin/sh',
    args: ['-c', line],
    cwd: '/',
    env,
    stdin: 'ignore',
    stdout: out,
    stderr: out,
  } as const;
  const started = await spawnInstance({ ...request, args: [...request.args] }, (exit) =>
    say(`ended ${JSON.stringify(exit)}`),
  );
  if (!started.ok) throw new Error(started.detail);
  if (deed === 'crash') process.kill(process.pid, 'SIGKILL');
  const holder = identify(started.pid, nonce)!;
  if (deed === 'commit') await result.lease.commit(holder);
  say(`holds ${started.pid}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
  if (!line.startsWith('holds')) clearInterval(loop);
}
