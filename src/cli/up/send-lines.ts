// Lines that are typed into the program of an instance, into the FIFO that it reads (`stdin: true`).
import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** @throws an error with a message for people: the program does not read */
export function sendLines(fifo: string, instance: string, lines: readonly string[]): void {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const fd = openInput(fifo, instance);
  let sent = 0;
  try {
    while (sent < bytes.length) sent += writeSync(fd, bytes, sent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    const what = sent === 0 ? 'nothing was sent' : `only ${sent} of ${bytes.length} bytes were sent`;
    throw new Error(`${instance} does not read what was typed before; ${what}`);
  } finally {
    closeSync(fd);
  }
}

function openInput(fifo: string, instance: string): number {
  try {
    // Read-write: it opens without a reader. A full pipe is an error, not a wait.
    return openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${instance} has no input at present; nothing was sent`);
  }
}
