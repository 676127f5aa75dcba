// `orch attach NAME`: types into the terminal (`tty: true`, see attach-terminal.ts) or the input of one instance (`stdin: true`) and shows what it prints. From a pipe: sends what
// comes and leaves at its end. The bytes go into the instance's FIFO, not through the supervisor.
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { inputPath, type ProjectPaths, terminalPath } from '../../api/paths.ts';
import type { Status, WireError } from '../../api/protocol.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';
import { runLogs } from './logs.ts';

/** Lines shown of what was printed before. */
const INITIAL_TAIL = 10;

export async function attachInput(context: CliContext, name: string): Promise<ExitCode> {
  let fifo = '';
  let terminal = '';
  let instance = '';
  const found = await withSupervisor(context, async (client, paths) => {
    const chosen = chooseInstance(await client.request('status', {}), paths, name);
    if (typeof chosen !== 'string') return fail(context, chosen);
    instance = chosen;
    fifo = inputPath(paths, chosen);
    terminal = terminalPath(paths, chosen);
    return 0;
  });
  if (found !== 0) return found;
  if (existsSync(terminal)) return (await import('./attach-terminal.ts')).attachTerminal(context, instance, terminal);
  // Read-write: opening never waits for a reader, and there always is one.
  const input = createWriteStream(fifo, { flags: 'r+' });
  if (!process.stdin.isTTY) {
    process.stdin.pipe(input);
    await once(input, 'close');
    return 0;
  }
  process.stdin.on('data', (typed) => input.write(typed));
  // Ctrl-D ends the view, as Ctrl-C does; the program goes on.
  process.stdin.on('end', () => process.kill(process.pid, 'SIGINT'));
  const code = await runLogs(context, { follow: true, tail: INITIAL_TAIL }, [instance]);
  process.stdin.pause();
  input.destroy();
  return code;
}

/** A service with one instance may be named by itself. */
function chooseInstance({ services }: Status, paths: ProjectPaths, name: string): string | WireError {
  const service = services.find((one) => one.name === name);
  const instances = services.flatMap((one) => one.instances);
  if (service && service.instances.length > 1) {
    const message = `${name} has ${service.instances.length} instances: which one's input is meant?`;
    return { code: 'usage', message, hint: `for example \`orch attach ${service.instances[0]!.id}\`` };
  }
  const id = service?.instances[0]?.id ?? instances.find((one) => one.id === name)?.id;
  if (id === undefined)
    return { code: 'usage', message: `there is no service or instance "${name}"`, hint: 'see `orch ps`' };
  if (existsSync(terminalPath(paths, id)) || existsSync(inputPath(paths, id))) return id;
  return { code: 'usage', message: `${id} has no input`, hint: 'declare `tty: true` or `stdin: true` for its service' };
}
