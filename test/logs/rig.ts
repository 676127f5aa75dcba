// A log writer under test: a project in a temporary directory, a client of the real writer process, real FIFOs, real
// children. `close` asserts that no process is left.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll } from 'vitest';
import { fifoPaths, type ProjectPaths, projectPaths } from '../../src/api/paths.ts';
import type { LogQueueSpec } from '../../src/core/log-queue-spec.ts';
import { type LogWriterClient, startLogWriter } from '../../src/logs/log-writer-client.ts';
import { listRotated } from '../../src/logs/rotation.ts';
import type { WriterEvent } from '../../src/logs/writer-protocol.ts';
import { makeBigPipe } from '../../src/os/big-pipe.ts';
import { makeFifos, openFifoForChild } from '../../src/os/fifo.ts';

let entry: Promise<string> | null = null;
let built: string | null = null;
// Not at the exit of this process: the test runner ends it before.
afterAll(() => {
  if (built !== null) rmSync(built, { recursive: true, force: true });
});

/** The log writer, bundled from the sources as they are now; once per test file. */
export function writerEntry(): Promise<string> {
  entry ??= (async () => {
    const outdir = mkdtempSync(join(tmpdir(), 'orch-writer-'));
    built = outdir;
    await build({
      entryPoints: { 'log-writer': 'src/logs/writer/main.ts' },
      outdir,
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      logLevel: 'error',
    });
    return join(outdir, 'log-writer.cjs');
  })();
  return entry;
}

export type Child = { process: ChildProcess; exited: Promise<number | null> };

export class LogRig {
  readonly paths: ProjectPaths;
  readonly events: WriterEvent[] = [];
  readonly lost: string[] = [];
  /** Called in the moment in which the client knows that it has no writer. */
  onLost: () => void = () => undefined;
  client!: LogWriterClient;
  /** Widens the pipe of a stream that floods, as a supervisor does. */
  widensPipes = false;
  readonly #fds = new Map<string, { out: number; err: number }>();
  readonly #children = new Set<ChildProcess>();

  constructor() {
    this.paths = projectPaths(realpathSync(mkdtempSync(join(tmpdir(), 'orch-logs-'))));
  }

  static async open(): Promise<LogRig> {
    const rig = new LogRig();
    await rig.connect();
    return rig;
  }

  async connect(entry = writerEntry()): Promise<LogWriterClient> {
    this.client = startLogWriter(this.paths, {
      hangTimeoutMs: 20_000, // on a busy machine a writer is slow, not stuck
      onLost: (reason) => {
        this.lost.push(reason);
        this.onLost();
      },
      onEvent: (event) => {
        this.events.push(event);
        const isFlood = this.widensPipes && event.type === 'stream_flooded';
        if (isFlood) makeBigPipe(this.#fds.get(event.instance!)![event.details.stream === 'e' ? 'err' : 'out']);
      },
      entry: await entry,
    });
    this.client.start();
    return this.client;
  }

  queue(change: Partial<LogQueueSpec> = {}): LogQueueSpec {
    const name = change.name ?? 'main';
    return {
      name,
      path: join(this.paths.logsDir, `${name}.log`),
      sink: null,
      format: 'text',
      rotate: { sizeBytes: 0, keep: 5, compress: 'none', everyMs: 0, totalBytes: 0 },
      capacityBytes: 8 * 1024 * 1024,
      overflow: 'block',
      ...change,
    };
  }

  /** Makes and attaches the FIFOs of `<service>.<n>`, held open as a supervisor does. */
  async attach(instances: string[], queue = 'main'): Promise<void> {
    const sources = instances.map((instance) => {
      const { out, err } = fifoPaths(this.paths, instance);
      return { instance, service: instance.replace(/\.\d+$/, ''), queue, outPath: out, errPath: err };
    });
    await makeFifos(sources.flatMap((source) => [source.outPath, source.errPath]));
    for (const source of sources) {
      if (this.#fds.has(source.instance)) continue;
      const fds = { out: openFifoForChild(source.outPath), err: openFifoForChild(source.errPath) };
      this.#fds.set(source.instance, fds);
    }
    await this.client.attach(sources);
  }

  /** Runs a program as that instance. */
  run(instance: string, file: string, args: string[], env: Record<string, string> = {}): Child {
    const fds = this.#fds.get(instance)!;
    const child = spawn(file, args, {
      stdio: ['ignore', fds.out, fds.err],
      detached: true,
      env: { ...process.env, ...env },
    });
    this.#children.add(child);
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    return { process: child, exited };
  }

  node(instance: string, script: string, ...args: string[]): Child {
    return this.run(instance, process.execPath, ['-e', script, ...args]);
  }

  /** The descriptors of a supervisor that died are gone. */
  releaseFifos(): void {
    for (const { out, err } of this.#fds.values()) {
      closeSync(out);
      closeSync(err);
    }
    this.#fds.clear();
  }

  /** The slot is gone. */
  releaseFifo(instance: string): void {
    const { out, err } = this.#fds.get(instance)!;
    closeSync(out);
    closeSync(err);
    this.#fds.delete(instance);
  }

  async writerPid(): Promise<number> {
    await this.client.stats();
    const pid = findWriter(this.paths.root);
    if (pid === null) throw new Error('no log writer runs');
    return pid;
  }

  /** All that was logged to the live file and the plain rotated ones, oldest first. */
  read(path: string): string {
    const rotated = listRotated(path).map((file) => file.path);
    return [...rotated, path]
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'latin1'))
      .join('');
  }

  lines(path: string): string[] {
    return Buffer.from(this.read(path), 'latin1').toString('utf8').split('\n').slice(0, -1);
  }

  async close(): Promise<void> {
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGKILL');
    await this.client.shutdown(2000);
    this.releaseFifos();
    await until(() => findWriter(this.paths.root) === null, 'the log writer is gone');
    rmSync(this.paths.root, { recursive: true, force: true });
    rmSync(this.paths.socketDir, { recursive: true, force: true });
  }
}

/** pid of the writer of this project, by its command line. */
export function findWriter(root: string): number | null {
  for (const pid of pids()) {
    const args = commandLine(pid);
    if (args.includes(root) && args.some((arg) => arg.includes('log-writer'))) return pid;
  }
  return null;
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return []; // it ended meanwhile
  }
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
