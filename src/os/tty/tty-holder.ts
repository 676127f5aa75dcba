// Entry of the terminal holder: runs a program on a pseudo-terminal and keeps the other end, so that the program outlives
// the supervisor. Usage: tty-holder.cjs SOCKET FILE ARG…; the terminal's output goes to stdout. Exits as the program does.
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { signalName } from '../platform.ts';
import { readStartTime } from '../process/identity.ts';
import { LineEnds } from './line-ends.ts';
import { forwardSignal, loadPty, TerminalOutput } from './pty.ts';

/** From an attached client: typed keys in base64, or the size of its window. */
type AttachMessage = { keys?: string; size?: [number, number] };

const COLUMNS = 80;
const ROWS = 24;
/** The latest output, shown to a client that attaches. */
const RECENT_OUTPUT_BYTES = 16 * 1024;
/** Of one client. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

const [socketPath = '', file = '', ...args] = process.argv.slice(2);
const env = { ...process.env } as Record<string, string>;
// Otherwise the Node of this holder would use them.
if (env.ORCH_TTY_NODE_OPTIONS !== undefined) env.NODE_OPTIONS = env.ORCH_TTY_NODE_OPTIONS;
delete env.ORCH_TTY_NODE_OPTIONS;

rmSync(socketPath, { force: true });
const clients = new Set<Socket>();
const server = createServer(acceptClient);
server.on('error', (error) => process.stderr.write(`orch: attaching is unavailable: ${error.message}\n`));
const mask = process.umask(0o177);
server.listen(socketPath);
process.umask(mask);

const terminal = loadPty().spawn(file, args, { cols: COLUMNS, rows: ROWS, cwd: process.cwd(), env, encoding: null });
const output = new TerminalOutput(1, terminal);
const lineEnds = new LineEnds();
let recentOutput = Buffer.alloc(0);
terminal.onData((text) => {
  const chunk = text as unknown as Buffer; // `encoding: null`
  output.write(lineEnds.convert(chunk));
  recentOutput = Buffer.concat([recentOutput, chunk]).subarray(-RECENT_OUTPUT_BYTES);
  for (const client of clients) sendTo(client, chunk);
});
terminal.onExit(({ exitCode, signal }) => void exitLikeProgram(exitCode, signal ?? 0));
const program = { pid: terminal.pid, startTime: readStartTime(terminal.pid) ?? '' };
for (const signal of FORWARDED) process.on(signal, () => forwardSignal(program, signal));

/** Drops a client that does not read (Ctrl-Z): others must not wait for it, and its unread output would grow. */
function sendTo(client: Socket, chunk: Buffer): void {
  client.write(chunk);
  if (client.writableLength <= MAX_UNREAD_BYTES) return;
  clients.delete(client);
  client.destroy();
}

function acceptClient(client: Socket): void {
  clients.add(client);
  client.on('error', () => undefined); // `close` follows
  client.on('close', () => clients.delete(client));
  const lines = createInterface({ input: client });
  lines.on('error', () => undefined); // an error of the socket, reported here as well
  lines.on('line', (line) => {
    try {
      applyMessage(JSON.parse(line) as AttachMessage);
    } catch {
      client.destroy(); // not a message of this protocol
    }
  });
  client.write(recentOutput);
}

function applyMessage({ keys, size }: AttachMessage): void {
  if (keys !== undefined) terminal.write(Buffer.from(keys, 'base64') as unknown as string);
  if (size) terminal.resize(Math.max(1, size[0]), Math.max(1, size[1]));
}

async function exitLikeProgram(code: number, signal: number): Promise<void> {
  server.close();
  for (const client of clients) client.end();
  rmSync(socketPath, { force: true });
  output.write(lineEnds.rest());
  await output.end();
  const name = signalName(signal);
  if (name === null) process.exit(code);
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
