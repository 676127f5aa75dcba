// What the log writer costs while no instance writes.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { range } from './numbered.ts';
import { LogRig } from './rig.ts';

let rig: LogRig;
beforeEach(async () => {
  rig = await LogRig.open();
});
afterEach(() => rig.close());

const isKnown = process.platform === 'linux' && process.versions.node.startsWith('20.');

test.runIf(isKnown)('500 idle instances: at most 48 MB, and no wake-ups', async () => {
  await rig.client.configure([rig.queue()]);
  await rig.attach(range(500).map((index) => `a.${index + 1}`));
  const pid = await rig.writerPid();
  const figure = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  expect(figure('VmRSS') / 1024).toBeLessThanOrEqual(48);
  const before = figure('voluntary_ctxt_switches');
  await new Promise((resolve) => setTimeout(resolve, 2000)); // the span that is measured
  expect(figure('voluntary_ctxt_switches') - before).toBeLessThan(15); // one garbage collection may fall into it
});
