// `orch scale NAME=N…`: edits the pool size in procs.yaml, comments and layout kept; or, with --ephemeral, asks the
// supervisor for an override that the file does not know.
import { type Client, connect } from '../api/client.ts';
import type { WireError } from '../api/protocol.ts';
import type { CliContext, ExitCode } from './command.ts';
import { fail } from './errors.ts';
import { printProblems } from './problems.ts';
import { failedRequest, findPaths, withSupervisor } from './project.ts';

/** `size` null: back to what the file says. */
type Wish = { service: string; size: number | null };

export async function runScale(
  context: CliContext,
  options: { ephemeral?: boolean },
  words: string[],
): Promise<ExitCode> {
  const wishes: Wish[] = [];
  for (const word of words) {
    const wish = parseWish(word, options.ephemeral ?? false);
    if ('code' in wish) return fail(context, wish);
    wishes.push(wish);
  }
  return options.ephemeral ? override(context, wishes) : editFile(context, wishes);
}

function parseWish(word: string, isEphemeral: boolean): Wish | WireError {
  const match = /^([a-z0-9][a-z0-9_-]{0,62})=(\d{1,5}|file)$/.exec(word);
  const isFile = match?.[2] === 'file';
  if (match && (!isFile || isEphemeral)) return { service: match[1]!, size: isFile ? null : Number(match[2]) };
  const hint = `\`orch scale api=4\`${isEphemeral ? ', or `api=file` to go back to what the file says' : ''}`;
  return { code: 'usage', message: `expected NAME=N with a service and a whole number from 0, got "${word}"`, hint };
}

function override(context: CliContext, wishes: Wish[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const scaled = [];
    for (const { service, size } of wishes) scaled.push(await client.request('scale', { service, size }));
    const text = scaled.map(
      ({ service, size }) => `${service}: ${size} (until \`orch scale --ephemeral ${service}=file\`)`,
    );
    context.stdout.write(`${context.json ? JSON.stringify({ scaled, ephemeral: true }) : text.join('\n')}\n`);
    return 0;
  });
}

async function editFile(context: CliContext, wishes: Wish[]): Promise<ExitCode> {
  const { editPoolSizes } = await import('../config/edit.ts').catch(rethrow);
  const sizes = Object.fromEntries(wishes.map(({ service, size }) => [service, size ?? 0]));
  const { file, env, environment } = context;
  const edited = await editPoolSizes({ file, env, environment }, sizes);
  if (!edited.ok) {
    printProblems(context, edited.problems);
    return 2;
  }
  try {
    return await tellSupervisor(context, sizes);
  } catch (error) {
    return failedRequest(context, error);
  }
}

/** It watches the file anyway; asking makes sure that what this command promised has begun when it returns. */
async function tellSupervisor(context: CliContext, sizes: Record<string, number>): Promise<ExitCode> {
  const paths = findPaths(context);
  const client: Client | null = paths && (await connect(paths));
  const applied = client && (await client.request('apply', { accepted: null, only: null }));
  client?.close();
  if (applied?.status === 'rejected') {
    printProblems(context, applied.problems);
    return 2;
  }
  const scaled = Object.entries(sizes).map(([service, size]) => ({ service, size }));
  const when = client ? '' : ' (no supervisor runs: from the next `orch up` on)';
  const text = scaled.map(({ service, size }) => `${service}: ${size}${when}`).join('\n');
  context.stdout.write(
    `${context.json ? JSON.stringify({ scaled, ephemeral: false, running: client !== null }) : text}\n`,
  );
  return 0;
}

const rethrow = (error: unknown): never => {
  throw error;
};
