// In a mount namespace of its own: fills a small tmpfs and saves. Prints what became of the save and of the file.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateFile } from '../../../src/os/state-file.ts';

const directory = process.argv[2] ?? '';
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', directory]);
const path = join(directory, 'state.json');
const file = new StateFile(path);
const text = (fill: string) => JSON.stringify(fill.repeat(50_000));
await file.save(text('a'));
writeFileSync(join(directory, 'ballast'), 'b'.repeat(40_000));
const failed = await file.save(text('c')).then(
  () => 'saved',
  (error: NodeJS.ErrnoException) => error.code,
);
const intact = readFileSync(path, 'utf8') === text('a');
const files = readdirSync(directory).sort();
rmSync(join(directory, 'ballast'));
await file.save(text('d'));
const recovered = readFileSync(path, 'utf8') === text('d');
process.stdout.write(JSON.stringify({ failed, intact, files, recovered }));
