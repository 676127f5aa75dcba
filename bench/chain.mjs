// chain: 20 services, each waits until the one before is ready, 50 ms after its start; until the last one runs.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { NO_COMPILER, nowMs, openMarks, prepareMarks } from './marks.mjs';
import { MEMORY, withProject } from './orch.mjs';

const LENGTH = 20;

export async function measure({ quick }) {
  if (!prepareMarks()) return [{ what: 'chain of 20', samples: [], unit: 'ms', missing: NO_COMPILER }];
  const rounds = quick ? 1 : 9;
  const samples = { log: [], exec: [] };
  for (let round = 0; round < rounds; round++) {
    samples.log.push(await startChain('log'));
    samples.exec.push(await startChain('exec'));
    await pause(200);
  }
  return [
    { what: `chain of ${LENGTH}, log probes`, samples: samples.log, unit: 'ms', target: '≤ process-compose' },
    { what: `chain of ${LENGTH}, exec probes every 100 ms`, samples: samples.exec, unit: 'ms', target: '≤ dekit' },
  ];
}

async function startChain(kind) {
  const directory = mkdtempSync(join(MEMORY ?? tmpdir(), 'orch-chain-'));
  const marks = openMarks(directory);
  try {
    return await withProject(
      textOf(kind, marks, directory),
      async (project) => {
        const fromMs = nowMs();
        const up = project.run(['up', '-d']);
        const tookMs = (await marks.untilStarted(LENGTH)) - fromMs;
        await up;
        return tookMs;
      },
      MEMORY ?? undefined,
    );
  } finally {
    marks.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function textOf(kind, marks, directory) {
  const services = Array.from({ length: LENGTH }, (_, index) => {
    const file = join(directory, `ready-${index}`);
    const argv = kind === 'log' ? marks.argv(`c${index}`, 'log') : marks.argv(`c${index}`, 'touch', file);
    const probe = kind === 'log' ? 'log: ready' : `exec: [test, -e, ${file}], every: 100ms`;
    const waits = index === 0 ? '' : `    depends_on: { c${index - 1}: ready }\n`;
    return `  c${index}:\n    command: ${JSON.stringify(argv)}\n    readiness: { ${probe} }\n${waits}`;
  });
  return `services:\n${services.join('')}`;
}
