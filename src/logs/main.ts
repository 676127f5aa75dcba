// Entry of the log writer: one process of a project that drains the FIFOs of all its instances into queue files.
// Usage: log-writer.js ROOT | --gzip FILE (the same program compresses rotated files, at low priority).
import { projectPaths } from '../api/paths.ts';
import { gzipFile } from './gzip-file.ts';
import { serve } from './server.ts';

const [mode, target] = process.argv.slice(2);
process.umask(0o077);
if (mode === '--gzip' && target !== undefined) await gzipFile(target);
else if (mode !== undefined) await runWriter(mode);
else {
  console.error('usage: log-writer.js ROOT | --gzip FILE');
  process.exitCode = 2;
}

async function runWriter(root: string): Promise<void> {
  // What is thrown on the hot path is EAGAIN and its like: a stack costs more than all the rest.
  Error.stackTraceLimit = 0;
  try {
    await serve(projectPaths(root));
  } catch (error) {
    console.error(`${new Date().toISOString()} log writer: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
