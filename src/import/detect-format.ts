// Which tool a file belongs to: by its name, then by its contents. Pure.
import { posix } from 'node:path';

export const FORMATS = [
  ...(['procfile', 'process-compose', 'pm2', 'supervisord', 'compose', 'mprocs', 'systemd', 'pitchfork'] as const),
  'package-json',
] as const;
export type Format = (typeof FORMATS)[number];

const BY_NAME: [RegExp, Format][] = [
  [/^Procfile(\..+)?$/i, 'procfile'],
  [/\.procfile$/i, 'procfile'],
  [/^process-compose.*\.ya?ml$/i, 'process-compose'],
  [/^mprocs.*\.(ya?ml|json)$/i, 'mprocs'],
  [/^(.*\.)?pitchfork(\.local)?\.toml$/i, 'pitchfork'],
  [/^(docker-)?compose.*\.ya?ml$/i, 'compose'],
  [/\.(service|socket|timer|target|path|slice|mount)$/i, 'systemd'],
  [/^supervisord?.*\.(conf|ini)$/i, 'supervisord'],
  [/^(ecosystem|pm2|process(es)?).*\.(c?js|mjs|json5?|ya?ml)$/i, 'pm2'],
  [/\.config\.c?js$/i, 'pm2'],
  [/^package\.json$/i, 'package-json'],
];

const BY_CONTENTS: [RegExp, Format][] = [
  [/^\s*\[(program|supervisord|group|eventlistener|fcgi-program):?/m, 'supervisord'],
  [/^\s*\[(Unit|Service|Install|Timer|Socket)\]/m, 'systemd'],
  [/^\s*\[daemons\./m, 'pitchfork'],
  [/^["']?processes["']?\s*:/m, 'process-compose'],
  [/^\s*["']?procs["']?\s*:/m, 'mprocs'],
  [/^\s*["']?apps["']?\s*:/m, 'pm2'],
  [/^["']?services["']?\s*:/m, 'compose'],
  [/^[A-Za-z0-9_.-]+:\s+\S/m, 'procfile'],
];

/** Settings of a tool next to its file, which are read with it. */
export const isCompanion = (file: string): boolean =>
  /^(\.env(\..+)?|\.foreman|\.overmind\.env|\.pc_env)$/.test(posix.basename(file));

/** @returns null if no tool is recognised */
export function detectFormat(file: string, text: string): Format | null {
  const name = posix.basename(file);
  const byContents = BY_CONTENTS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
  const byName = BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? null;
  // process-compose also reads compose.yaml, and pm2 files have many names.
  if (byName === 'compose' && byContents === 'process-compose') return byContents;
  if (byName === 'pm2' && byContents === 'process-compose') return byContents;
  return byName ?? byContents;
}
