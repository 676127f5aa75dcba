// The interface as a process of its own, against any supervisor socket: `node host.js ROOT [own] [yes] [nomouse] [colour] [file] [editor] [next] [crash]`.
// Bundled by terminal-host.ts; prints how it ended.
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { runTui } from '../../src/tui/main.tsx';

const [root = '', ...flags] = process.argv.slice(2);
const paths = projectPaths(root);
const client = await connect(paths);
if (client === null) throw new Error(`no supervisor listens at ${paths.socket}`);
const { stdout, stdin } = process;
const owning = flags.includes('own');
if (owning) await client.request('own', {});
const scaleInFile = async (service: string, size: number) => {
  if (size > 100)
    return { ok: false as const, error: { code: 'config', message: 'too many', file: 'procs.yaml', line: 7 } };
  await client.request('scale', { service: `file:${service}`, size });
  return { ok: true as const };
};
const findPlace = async (service: string) => {
  if (service === 'db') throw new Error('db is gone');
  return { file: `${root}/procs.yaml`, line: 7, column: 3 };
};
/** The supervisor that answers at that socket next. */
const findNext = async (hasLeft: () => boolean) => {
  for (; !hasLeft(); await pause(20)) {
    const next = await connect(paths).catch(() => null); // not yet
    if (next !== null) return { client: next, notice: 'another one answers' };
  }
  return null;
};
if (flags.includes('crash')) {
  setTimeout(() => {
    throw new Error('planted');
  }, 300);
}
const shown = runTui({
  client,
  paths,
  owning,
  asksFirst: !flags.includes('yes'),
  mouse: !flags.includes('nomouse'),
  colour: flags.includes('colour'),
  stdout,
  stdin,
  ...(flags.includes('file') ? { scaleInFile } : {}),
  ...(flags.includes('editor') ? { findPlace } : {}),
  ...(flags.includes('next') ? { findNext } : {}),
});
await shown.then(
  (outcome) => stdout.write(`outcome: ${outcome}\n`),
  (error: Error) => stdout.write(`failed: ${error.message}\n`),
);
