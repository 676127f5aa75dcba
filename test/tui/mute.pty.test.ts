// One instance of a pool left out of the output of all services, in a real pseudo-terminal.
import { test } from 'vitest';
import { waitFor } from '../rig/wait-for.ts';
import { setStage, TIMEOUT_MS } from './stage.ts';
import { writeOutput } from './terminal-host.ts';

const stage = setStage();

test.each([
  { columns: 60, rows: 15 },
  { columns: 80, rows: 24 },
])(
  'M leaves out the selected instance, and brings it back, at $columns×$rows',
  async (size) => {
    writeOutput(stage.supervisor.paths.logsDir, [['api.2', 'o', 'noise of api.2']], true);
    const now = stage.open('own', size);
    await now.shows('noise of api.2');
    now.type('a');
    now.type('\x1b[B');
    now.type('\x1b[B');
    await now.shows('api.2 output');
    now.type('a');
    now.type('M');
    await now.shows('all output without api.2');
    await now.shows('first line of api.1');
    await waitFor('its lines are gone', now.screen, (screen) => !screen.includes('noise'));
    await now.shows('the output of all services leaves out api.2');
    now.type('M');
    await now.shows('noise of api.2');
  },
  TIMEOUT_MS,
);
