// `orch scale NAME=N…`: edits the pool size in procs.yaml, comments and layout kept; or, with --ephemeral, asks the
// supervisor for an override that the file does not know.
import { type Client, connect } from '../../api/client.ts';
import type { WireError } from '../../api/protocol.ts';
import { printProblems, scaleInFile } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { failRequest, findPaths, withSupervisor } from '../context/running-project.ts';

/** `size` null: back to what the file says. */
type ScaleRequest = { service: string; size: number | null };

export async function runScale(
  context: CliContext,
  options: { ephemeral?: boolean },
  words: string[],
): Promise<ExitCode> {
  const wishes: ScaleRequest[] = [];
  for (const word of words) {
    const wish = parseScaleRequest(word, options.ephemeral ?? false);
    if ('code' in wish) return fail(context, wish);
    wishes.push(wish);
  }
  return options.ephemeral ? scaleBySupervisor(context, wishes) : scaleFiles(context, wishes);
}

function parseScaleRequest(word: string, isEphemeral: boolean): ScaleRequest | WireError {
  const match = /^([a-z0-9][a-z0-9_-]{0,62})=(\d{1,5}|file)$/.exec(word);
  const isFile = match?.[2] === 'file';
  if (match && (!isFile || isEphemeral)) return { service: match[1]!, size: isFile ? null : Number(match[2]) };
  const hint = `\`orch scale api=4\`${isEphemeral ? ', or `api=file` to go back to what the file says' : ''}`;
  return { code: 'usage', message: `expected NAME=N with a service and a whole number from 0, got "${word}"`, hint };
}

function scaleBySupervisor(context: CliContext, wishes: ScaleRequest[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const scaled = [];
    const text = [];
    for (const wish of wishes) {
      const { service, size } = await client.request('scale', wish);
      scaled.push({ service, size });
      const until = `until \`orch scale --ephemeral ${service}=file\``;
      text.push(`${service}: ${size} (${wish.size === null ? 'as the file says' : until})`);
    }
    context.stdout.write(`${context.json ? JSON.stringify({ scaled, ephemeral: true }) : text.join('\n')}\n`);
    return 0;
  });
}

async function scaleFiles(context: CliContext, wishes: ScaleRequest[]): Promise<ExitCode> {
  const sizes = Object.fromEntries(wishes.map(({ service, size }) => [service, size ?? 0]));
  const paths = findPaths(context);
  let client: Client | null = null;
  try {
    client = paths && (await connect(paths));
    const problems = await scaleInFile(context, client, sizes);
    if (problems.length > 0) {
      printProblems(context, problems);
      return 2;
    }
    reportScale(context, sizes, client !== null);
    return 0;
  } catch (error) {
    return failRequest(context, error);
  } finally {
    client?.close();
  }
}

function reportScale(context: CliContext, sizes: Record<string, number>, running: boolean): void {
  const scaled = Object.entries(sizes).map(([service, size]) => ({ service, size }));
  const when = running ? '' : ' (no supervisor runs: from the next `orch up` on)';
  const text = scaled.map(({ service, size }) => `${service}: ${size}${when}`).join('\n');
  context.stdout.write(`${context.json ? JSON.stringify({ scaled, ephemeral: false, running }) : text}\n`);
}
