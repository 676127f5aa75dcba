// Writing no faster than the reader of our output reads, so that memory stays bounded however slow it is.
import type { CliContext } from './command.ts';

/** @returns undefined: there is room for more; else resolves when there is again, or nobody reads any more. */
export function pacedWrite(stdout: CliContext['stdout'], text: string | Buffer): Promise<void> | undefined {
  if (stdout.write(text) || stdout.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      stdout.removeListener('drain', done);
      stdout.removeListener('close', done);
      resolve();
    };
    stdout.once('drain', done);
    stdout.once('close', done);
  });
}
