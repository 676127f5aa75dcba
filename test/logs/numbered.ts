// Numbered lines with a check figure, written by real processes, and what of them came through.

import { statSync } from 'node:fs';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import { readLogs } from '../../src/logs/reader/read-logs.ts';
import { type Child, type LogRig, until } from './rig.ts';

/** Numbered lines with a check figure; some straddle the 4 KiB writes of awk. With `end`, the name of a file, the lines
 * continue until that file exists; the number of all lines is then in it. */
const AWK = `
function write_one() { printf "%s %d %d %s\\n", name, n, (n * 7919) % 1000003, substr(pad, 1, n % 90) }
BEGIN {
  for (n = 0; n < count; n++) write_one()
  while (end != "" && (n % 1000 != 0 || (getline seen < end) < 0)) { write_one(); n++ }
  if (end != "") print n > end
}`;
const PAD = 'abcdefghijklmnopqrstuvwxyz'.repeat(4);

export function numbered(rig: LogRig, instance: string, count: number, end = ''): Child {
  const values = { name: instance, count, pad: PAD, end };
  return rig.run(instance, 'awk', [
    ...Object.entries(values).flatMap(([name, value]) => ['-v', `${name}=${value}`]),
    AWK,
  ]);
}

export type Tally = { seen: Map<string, number[]>; torn: string[] };

export function tally(bodies: string[]): Tally {
  const seen = new Map<string, number[]>();
  const torn: string[] = [];
  for (const body of bodies) {
    const match = /^(\S+) (\d+) (\d+) ([a-z]*)$/.exec(body);
    const n = Number(match?.[2]);
    if (match === null || Number(match[3]) !== (n * 7919) % 1_000_003 || match[4] !== PAD.slice(0, n % 90))
      torn.push(body);
    else {
      const numbers = seen.get(match[1]!) ?? [];
      numbers.push(n);
      seen.set(match[1]!, numbers);
    }
  }
  return { seen, torn };
}

/** Of a line of a text queue, what the process wrote. */
export const body = (line: string) => line.split(' ').slice(3).join(' ');
export const range = (count: number) => [...Array(count).keys()];

/** All that the instances wrote is in the files: a busy writer is waited for, which the supervisor would not do.
 * @param queue only this one is waited for. */
export async function endOf(rig: LogRig, instances: string[], queue: string | null = null): Promise<void> {
  const answered = () => rig.client.attach([]);
  await answered();
  for (const instance of instances) await rig.client.endOfOutput(instance, 20_000);
  await answered();
  await until(
    async () =>
      (await rig.client.stats()).every(({ name, depthBytes }) => depthBytes === 0 || name !== (queue ?? name)),
    'all is written',
    20_000,
  );
  await answered();
}

export async function readBack(path: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const queues = [{ name: 'main', path, format: 'text' as const }];
  for await (const batch of readLogs({
    queues,
    instances: null,
    tail: null,
    sinceMs: null,
    untilMs: null,
    grep: null,
  })) {
    lines.push(...batch);
  }
  return lines;
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
