// Entry of the terminal holder: runs a program on a pseudo-terminal and stays its other end, so that the program outlives
// the supervisor. Usage: tty-holder.js SOCKET FILE ARG…; what the terminal prints goes to stdout. Ends as the program does.
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { signalName } from '../tree/signal-name.ts';
import { Output } from './output.ts';
import { loadPty } from './pty.ts';

/** What somebody who attaches says: typed keys in base64, or the size of the window. */
type Said = { keys?: string; size?: [number, number] };

const COLUMNS = 80;
const ROWS = 24;
/** So much of what was printed last is shown to who attaches. */
const SHOWN_BEFORE_BYTES = 16 * 1024;
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

const [socketPath = '', file = '', ...args] = process.argv.slice(2);
const env = { ...process.env } as Record<string, string>;
// Node takes these for itself otherwise.
if (env.ORCH_TTY_NODE_OPTIONS !== undefined) env.NODE_OPTIONS = env.ORCH_TTY_NODE_OPTIONS;
delete env.ORCH_TTY_NODE_OPTIONS;

rmSync(socketPath, { force: true });
const clients = new Set<Socket>();
const server = createServer(welcome);
server.on('error', (error) => process.stderr.write(`orch: nobody can attach: ${error.message}\n`));
const mask = process.umask(0o177);
server.listen(socketPath);
process.umask(mask);

const terminal = loadPty().spawn(file, args, { cols: COLUMNS, rows: ROWS, cwd: process.cwd(), env, encoding: null });
const output = new Output(1, terminal);
let last = Buffer.alloc(0);
terminal.onData((text) => {
  const chunk = text as unknown as Buffer; // `encoding: null`
  output.write(chunk);
  last = Buffer.concat([last, chunk]).subarray(-SHOWN_BEFORE_BYTES);
  for (const client of clients) client.write(chunk);
});
terminal.onExit(({ exitCode, signal }) => void leave(exitCode, signal ?? 0));
for (const signal of FORWARDED) process.on(signal, () => forward(signal));

/** To the program and what it runs with it; a shell has its jobs in groups of their own, which it ends itself. */
function forward(signal: NodeJS.Signals): void {
  try {
    process.kill(-terminal.pid, signal);
  } catch {
    // ESRCH: it has ended, which `onExit` tells.
  }
}

function welcome(client: Socket): void {
  clients.add(client);
  client.on('error', () => undefined); // `close` follows
  client.on('close', () => clients.delete(client));
  createInterface({ input: client }).on('line', (line) => {
    try {
      obey(JSON.parse(line) as Said);
    } catch {
      client.destroy(); // it speaks something else
    }
  });
  client.write(last);
}

function obey({ keys, size }: Said): void {
  if (keys !== undefined) terminal.write(Buffer.from(keys, 'base64') as unknown as string);
  if (size) terminal.resize(Math.max(1, size[0]), Math.max(1, size[1]));
}

async function leave(code: number, signal: number): Promise<void> {
  server.close();
  for (const client of clients) client.end();
  rmSync(socketPath, { force: true });
  await output.end();
  const name = signalName(signal);
  if (name === null) process.exit(code);
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
