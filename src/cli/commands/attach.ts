// `orch attach`: shows a running project, or connects the keyboard to one instance; leaving it stops nothing.
// Typed text bypasses the supervisor: it goes into the FIFO of the instance (`stdin: true`) or to its terminal (`tty: true`).
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { inputPath, type ProjectPaths, terminalPath } from '../../api/paths.ts';
import type { Status, WireError } from '../../api/protocol.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';
import { Interrupts } from '../up/interrupts.ts';
import { RESET_SEQUENCE } from './reset-term.ts';

type AttachOptions = { tui?: boolean; screenReader?: boolean; yes?: boolean };

export const attachCommand: CommandDefinition<AttachOptions> = {
  name: 'attach',
  group: 'Run',
  summary: 'open the view of a running project',
  details: [
    'Leaving the view leaves everything running. Without a terminal: prefixed lines. With a name: types into that instance',
    '(its service needs `tty: true` or `stdin: true`) and shows what it prints; from a pipe, sends what comes. On a',
    'terminal (`tty`) every key goes to the program, except Ctrl-], which leaves.',
  ].join(' '),
  arguments: [{ syntax: '[name]', description: 'an instance with its own input', completes: 'name' }],
  options: [
    { flags: '--yes', description: 'the view stops or restarts several instances without a question' },
    { flags: '--no-tui', description: 'print prefixed lines even in a terminal' },
    { flags: '--screen-reader', description: 'print sentences, and read commands such as `restart api` and `help`' },
  ],
  examples: [
    ['orch attach', 'q or Ctrl-C leaves; nothing is stopped'],
    ['orch attach console', 'type into console; Ctrl-] leaves (with `stdin`: Ctrl-D or Ctrl-C)'],
  ],
  run: (context, options, [name]) =>
    name === undefined ? attachToProject(context, options) : attachToInstance(context, name),
};

async function attachToProject(context: CliContext, options: AttachOptions): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const wantsTui = options.tui !== false;
  const { screenReader, yes: asksNothing } = options;
  try {
    return await withSupervisor(context, async (client, paths) => {
      const sinceMs = Date.now();
      const { showProject } = await import('../up/show.ts');
      return await showProject(context, {
        ...{ client, paths, owning: false, wantsTui, tasks: null, sinceMs, interrupts, screenReader, asksNothing },
      });
    });
  } finally {
    interrupts.stop();
  }
}

async function attachToInstance(context: CliContext, name: string): Promise<ExitCode> {
  let chosen = { id: '', fifo: '', terminal: '' };
  const code = await withSupervisor(context, async (client, paths) => {
    const id = chooseInstance(await client.request('status', {}), paths, name);
    if (typeof id !== 'string') return fail(context, id);
    chosen = { id, fifo: inputPath(paths, id), terminal: terminalPath(paths, id) };
    return 0;
  });
  if (code !== 0) return code;
  return existsSync(chosen.terminal)
    ? await attachTerminal(context, chosen.id, chosen.terminal)
    : await attachInput(context, chosen.id, chosen.fifo);
}

/** A service with one instance may be named by itself. */
function chooseInstance({ services }: Status, paths: ProjectPaths, name: string): string | WireError {
  const service = services.find((one) => one.name === name);
  const instances = services.flatMap((one) => one.instances);
  if (service && service.instances.length > 1) {
    const message = `${name} has ${service.instances.length} instances`;
    return {
      code: 'usage',
      message,
      hint: `name one of them, for example \`orch attach ${service.instances[0]!.id}\``,
    };
  }
  const id = service?.instances[0]?.id ?? instances.find((one) => one.id === name)?.id;
  if (id === undefined)
    return { code: 'usage', message: `no service or instance is named "${name}"`, hint: 'see `orch ps`' };
  if (existsSync(terminalPath(paths, id)) || existsSync(inputPath(paths, id))) return id;
  return { code: 'usage', message: `${id} has no input`, hint: 'declare `tty: true` or `stdin: true` for its service' };
}

/** Lines shown of what was printed before. */
const INITIAL_TAIL = 10;

/** `stdin: true`. From a pipe: sends everything and leaves at its end. */
async function attachInput(context: CliContext, instance: string, fifo: string): Promise<ExitCode> {
  // Read-write: opening never waits for a reader.
  const input = createWriteStream(fifo, { flags: 'r+' });
  if (!process.stdin.isTTY) {
    process.stdin.pipe(input);
    await once(input, 'close');
    return 0;
  }
  process.stdin.on('data', (typed) => input.write(typed));
  // Ctrl-D ends the view, as Ctrl-C does; the program keeps running.
  process.stdin.on('end', () => process.kill(process.pid, 'SIGINT'));
  const { runLogs } = await import('./logs.ts');
  const code = await runLogs(context, { follow: true, tail: INITIAL_TAIL }, [instance]);
  process.stdin.pause();
  input.destroy();
  return code;
}

/** Ctrl-], as in telnet: hardly any program uses it. */
const LEAVE_KEY = 0x1d;

/**
 * `tty: true`. Every key goes to the program, and so does the size of the window; what it prints comes here. Ctrl-] leaves.
 * @param path where the holder of the terminal listens
 */
async function attachTerminal(context: CliContext, instance: string, path: string): Promise<ExitCode> {
  const holder = await connectToHolder(path);
  if (holder === null) {
    const hint = 'see `orch why` for the reason';
    return fail(context, { code: 'failed', message: `${instance} is not running`, hint });
  }
  holder.on('error', () => undefined); // `close` follows
  if (!process.stdin.isTTY) return await sendAll(holder);
  if (await forwardKeys(context, instance, holder)) return 0;
  const again = await connectToHolder(path); // the holder stops listening once the program has exited
  again?.destroy();
  if (again === null) context.stderr.write(`\n${instance} has exited\n`);
  else context.stderr.write(`\n${instance} still runs: it printed faster than this terminal read; attach again\n`);
  return again === null ? 0 : 1;
}

/** @returns null if the program has exited */
function connectToHolder(path: string): Promise<Socket | null> {
  const socket = connectSocket(path);
  return once(socket, 'connect').then(
    () => socket,
    () => null, // ENOENT, ECONNREFUSED
  );
}

/** From a pipe: leaves once everything is sent. */
async function sendAll(holder: Socket): Promise<ExitCode> {
  holder.resume();
  for await (const chunk of process.stdin) holder.write(encodeKeys(chunk as Buffer));
  holder.end();
  await closed(holder);
  return 0;
}

/** @returns false if the holder ended the connection, true if the user left. */
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
    const keys = end === -1 ? typed : typed.subarray(0, end);
    if (keys.length > 0) holder.write(encodeKeys(keys));
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
