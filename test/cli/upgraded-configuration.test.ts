// With what the next supervisor begins after `orch upgrade`: never with an edit that the running one holds or has not seen.
import { expect, test } from 'vitest';
import type { Client } from '../../src/api/client.ts';
import { upgradedConfiguration } from '../../src/cli/up/upgraded-configuration.ts';
import type { EditPolicy } from '../../src/core/edit-policy.ts';
import type { AcceptedConfig } from '../../src/core/load-result.ts';
import { VERSION } from '../../src/version.ts';
import { config } from '../core/fixtures.ts';

const MANUAL: EditPolicy = { apply: 'manual', requireClean: false, stopMoreThanPercent: null };
const PAUSED = { since: '2026-01-01T00:00:00Z', edits: 1 };
const HELD = {
  reasons: [{ rule: 'manual', because: 'policy.apply is manual' }],
  since: '2026-01-01T00:00:00Z',
  summary: '1 to change',
  command: 'orch apply',
};
const OTHER_VERSION = '0.0.1';

const accepted = (policy?: EditPolicy): AcceptedConfig => ({
  config: { ...config(), ...(policy && { policy }) },
  watched: [],
  files: [],
  warnings: [],
});

type Case = { status?: object; inForce?: AcceptedConfig; onDisk?: AcceptedConfig | null; version?: string };

async function upgraded({ status = {}, inForce = accepted(), onDisk = accepted(), version = VERSION }: Case) {
  const answers = { status: { config: status }, accepted: { accepted: inForce } };
  const client = { request: async (method: keyof typeof answers) => answers[method] } as unknown as Client;
  const result = await upgradedConfiguration(client, version, async () => onDisk);
  if (result === null) return 'bad files';
  if ('code' in result) return result.code;
  expect(result.accepted).toBe(result.isInForce ? inForce : onDisk);
  return result.isInForce ? 'in force' : 'on disk';
}

test('what is on disk, where nothing holds it', async () => {
  expect(await upgraded({})).toBe('on disk');
  expect(await upgraded({ version: OTHER_VERSION })).toBe('on disk');
  expect(await upgraded({ onDisk: null })).toBe('bad files');
});

test('what is in force, while edits are paused or one is held', async () => {
  expect(await upgraded({ status: { paused: PAUSED } })).toBe('in force');
  expect(await upgraded({ status: { held: HELD } })).toBe('in force');
  expect(await upgraded({ status: { held: HELD }, version: OTHER_VERSION })).toBe('held');
});

test('what is in force, where a policy of either side may hold an edit that was not seen yet', async () => {
  expect(await upgraded({ inForce: accepted(MANUAL) })).toBe('in force');
  expect(await upgraded({ onDisk: accepted(MANUAL) })).toBe('in force');
});
