// From where a secret is declared to its value: reads the file or variable, or runs the program. What a program printed is kept
// in memory for the commands of the instance that run often (probes); nothing else is kept.
import { isSecretKey, MAX_MASKED_CHARACTERS, maskLine } from '../config/problem/masking.ts';
import { DEFAULT_SECRET_TIMEOUT } from '../config/schema/defaults.ts';
import type { Command, SecretSource } from '../core/spec.ts';
import { readSecretCommand } from '../os/secrets/secret-command.ts';
import { refused, type SecretFileResult, secretFileReader } from '../os/secrets/secret-file.ts';
import { parseDurationMs } from '../units.ts';
import { displayPath } from './display-path.ts';
import { KeptSecrets } from './kept-secrets.ts';

export type SecretRequest = {
  /** The variable. */
  name: string;
  source: SecretSource;
  /** `api.1`. */
  instance: string;
  /** Of the project. */
  root: string;
  /** Fills in the templates of the instance. */
  expand(template: string): string;
  /** What the instance inherits. */
  inherited: Record<string, string>;
  /** The program, directory and environment of a command of the instance, without its secrets. */
  launch(command: Command): { file: string; args: string[]; env: Record<string, string> };
  /** A variable of the running process. */
  own(name: string): string | undefined;
  /** What a program printed before is good enough: it is kept, or the running process has it since an earlier supervisor. */
  mayBeKept: boolean;
  /** Ends a program that is read from. */
  signal?: AbortSignal | undefined;
};

const DEFAULT_TIMEOUT_MS = parseDurationMs(DEFAULT_SECRET_TIMEOUT)!;

const kept = new KeptSecrets();

/** @returns the value; of a failure, `because` is a clause that names the file, variable or program. Never rejects. */
export async function readSecret(request: SecretRequest): Promise<SecretFileResult> {
  const { source, expand, inherited } = request;
  if (typeof source === 'string') return readFile(expand(source), request.root);
  if (source.kind === 'variable') {
    const text = inherited[source.name];
    if (text !== undefined) return { ok: true, text };
    return refused('ENOENT', `the variable ${source.name} was not set when \`orch up\` was called`);
  }
  const owner = `${request.instance} ${request.name}`;
  const declared = JSON.stringify(source);
  if (!request.mayBeKept) return kept.read(owner, declared, () => runProgram(source, request));
  const text = request.own(request.name);
  if (text !== undefined) return { ok: true, text };
  // Others may wait for the same run: the one that gives up does not end it.
  return kept.getOrRead(owner, declared, () => runProgram(source, { ...request, signal: undefined }));
}

async function readFile(path: string, root: string): Promise<SecretFileResult> {
  const result = await secretFileReader.read(path);
  return result.ok ? result : refused(result.errno, `${displayPath(path, root)} ${result.because}`);
}

type ProgramSource = Exclude<SecretSource, string | { kind: 'variable' }>;

async function runProgram(source: ProgramSource, request: SecretRequest): Promise<SecretFileResult> {
  const command = commandOf(source);
  const { file, args, env } = request.launch(command);
  const { root, signal } = request;
  const hidden = Object.entries(env).flatMap(([name, value]) => (isSecretKey(name) ? [value] : []));
  const timeoutMs = source.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const group = command.kind === 'shell' ? command.line : file;
  const result = await readSecretCommand({ file, args, cwd: root, env, timeoutMs, group, hidden, signal });
  if (result.ok) return result;
  const program = command.kind === 'shell' ? 'its command' : file;
  return refused(result.errno, `${program} ${maskLine(result.because.slice(0, MAX_MASKED_CHARACTERS))}`);
}

/** sops(1): `--extract` takes a path such as `["smtp"]["password"]`; age(1). */
function commandOf(source: ProgramSource): Command {
  switch (source.kind) {
    case 'command':
      return source.command;
    case 'sops': {
      const part = source.key === null ? [] : ['--extract', source.key.split('.').map(extractStep).join('')];
      return { kind: 'argv', argv: ['sops', '--decrypt', ...part, source.file] };
    }
    case 'age':
      return { kind: 'argv', argv: ['age', '--decrypt', '--identity', source.identity, source.file] };
  }
}

/** A number is the position in a list. */
const extractStep = (step: string): string => (/^\d+$/.test(step) ? `[${step}]` : `[${JSON.stringify(step)}]`);
