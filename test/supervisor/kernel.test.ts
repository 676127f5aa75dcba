// The kernel's own promises, with effects that do nothing: what it asks to be saved.

import { expect, test } from 'vitest';
import type { AcceptedConfig } from '../../src/core/load-result.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import { scaleService, startInstances, stopInstances } from '../../src/supervisor/api/commands.ts';
import { type Effects, Kernel } from '../../src/supervisor/kernel/kernel.ts';
import { config, spec } from '../core/fixtures.ts';

const accepted = (...services: ServiceSpec[]): AcceptedConfig => ({
  config: config(...services),
  files: ['procs.yaml'],
  watched: [],
  warnings: [],
});

/** A kernel that has come to rest, and whether it has asked to be saved since. */
function atRest(...services: ServiceSpec[]): { kernel: Kernel; wasSaved: () => boolean } {
  let saved = false;
  const nothing = (): void => undefined;
  const save = (): void => {
    saved = true;
  };
  const effects: Effects = {
    nowMs: () => 1_000,
    newNonce: () => 'nonce',
    ports: { choose: () => null, isFree: () => true },
    requestStep: nothing,
    wakeAt: nothing,
    save: async () => save(),
    saveSoon: save,
    start: nothing,
    drain: nothing,
    stop: nothing,
    escalate: nothing,
    kill: nothing,
    clear: nothing,
    abandon: nothing,
    forget: nothing,
    hasEnded: () => false,
    endProject: nothing,
    report: nothing,
  };
  const kernel = new Kernel(effects);
  kernel.applyConfig(accepted(...services));
  kernel.step();
  saved = false;
  const wasSaved = (): boolean => {
    const was = saved;
    saved = false;
    return was;
  };
  return { kernel, wasSaved };
}

test('overrides are saved although they change no running instance', () => {
  const { kernel, wasSaved } = atRest(spec('api', { pool: 0 }));
  stopInstances(kernel, ['api']);
  kernel.step();
  expect(wasSaved()).toBe(true);
  startInstances(kernel, ['api']);
  expect(wasSaved()).toBe(true);
  scaleService(kernel, 'api', 0);
  expect(wasSaved()).toBe(true);
});

test('a generation is saved although it changes no instance', () => {
  const { kernel, wasSaved } = atRest(spec('api', { pool: 0 }));
  kernel.applyConfig(accepted(spec('api', { pool: 0, description: 'the shop' })));
  kernel.step();
  expect(kernel.generation).toBe(2);
  expect(wasSaved()).toBe(true);
});
