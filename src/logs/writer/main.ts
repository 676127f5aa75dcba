// Entry of the log writer: one process of a project that drains the FIFOs of all its instances into queue files.
// Usage: log-writer.cjs ROOT [STATE_DIR] | --gzip FILE (the same program compresses rotated files, at low priority).
import { projectPaths } from '../../api/paths.ts';
import { serveLogWriter } from './writer-server.ts';

const [mode, target] = process.argv.slice(2);
process.umask(0o077);
if (mode === '--gzip' && target !== undefined) void compress(target);
else if (mode !== undefined) void runWriter(mode, target);
else {
  console.error('usage: log-writer.cjs ROOT [STATE_DIR] | --gzip FILE');
  process.exitCode = 2;
}

/** Loaded here only: the process that drains FIFOs does not need the compressor. */
async function compress(path: string): Promise<void> {
  const { gzipFile } = await import('./gzip-file.ts');
  await gzipFile(path);
}

async function runWriter(root: string, stateDir: string | undefined): Promise<void> {
  // The hot path throws EAGAIN and the like: collecting a stack costs more than the read itself.
  Error.stackTraceLimit = 0;
  try {
    await serveLogWriter(projectPaths(root, stateDir));
  } catch (error) {
    console.error(`${new Date().toISOString()} log writer: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
