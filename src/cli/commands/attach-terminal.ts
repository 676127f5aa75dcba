// `orch attach NAME` for an instance with a terminal of its own (`tty: true`): every key goes to the program, the window's
// size too, and what it prints comes here. Ctrl-] leaves; the program goes on. The bytes go past the supervisor.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { RESET_SEQUENCE } from './reset-term.ts';

/** Ctrl-], as in telnet: hardly any program wants it for itself. */
const LEAVE_KEY = 0x1d;

/** @param path where its holder listens */
export async function attachTerminal(context: CliContext, instance: string, path: string): Promise<ExitCode> {
  const holder = await connectToHolder(path);
  if (holder === null) {
    const hint = 'see `orch why` for the reason';
    return fail(context, { code: 'failed', message: `${instance} does not run`, hint });
  }
  holder.on('error', () => undefined); // `close` follows
  if (!process.stdin.isTTY) return await sendAll(holder);
  if (await forwardKeys(context, instance, holder)) return 0;
  const goesOn = await connectToHolder(path); // it does not listen any more once the program has ended
  goesOn?.destroy();
  if (goesOn === null) context.stderr.write(`\n${instance} has ended\n`);
  else context.stderr.write(`\n${instance} goes on: it printed more than was read here, attach to it again\n`);
  return goesOn === null ? 0 : 1;
}

/** @returns null where nobody listens */
function connectToHolder(path: string): Promise<Socket | null> {
  const socket = connect(path);
  return once(socket, 'connect').then(
    () => socket,
    () => null, // ENOENT, ECONNREFUSED: it has ended
  );
}

/** From a pipe: leaves when all is sent. */
async function sendAll(holder: Socket): Promise<ExitCode> {
  holder.resume();
  for await (const chunk of process.stdin) holder.write(encodeKeys(chunk as Buffer));
  holder.end();
  await closed(holder);
  return 0;
}

/** @returns whether the user left; else the connection was ended. */
async function forwardKeys(context: CliContext, instance: string, holder: Socket): Promise<boolean> {
  context.stderr.write(`attached to ${instance}; Ctrl-] leaves it running\r\n`);
  const { stdin, stdout } = process;
  const sendSize = (): void => {
    if (stdout.isTTY) holder.write(`${JSON.stringify({ size: [stdout.columns, stdout.rows] })}\n`);
  };
  let hasLeft = false;
  const leave = (): void => {
    hasLeft = true;
    holder.destroy();
  };
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, leave);
  holder.on('data', (printed) => stdout.write(printed));
  stdout.on('resize', sendSize);
  stdin.setRawMode(true);
  stdin.on('data', (typed: Buffer) => {
    const end = typed.indexOf(LEAVE_KEY);
    const meant = end === -1 ? typed : typed.subarray(0, end);
    if (meant.length > 0) holder.write(encodeKeys(meant));
    if (end !== -1) leave();
  });
  sendSize();
  await closed(holder);
  stdin.setRawMode(false);
  stdin.pause();
  stdout.off('resize', sendSize);
  if (stdout.isTTY) stdout.write(RESET_SEQUENCE);
  if (hasLeft) context.stderr.write(`\nleft ${instance} running\n`);
  return hasLeft;
}

/** Also after an error, which `once` of node:events would throw. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

const encodeKeys = (typed: Buffer): string => `${JSON.stringify({ keys: typed.toString('base64') })}\n`;
