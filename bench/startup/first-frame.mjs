// `orch up` in a terminal, in a project where nothing runs: until a service is on the screen.
import { withMarked } from '../marked-project.mjs';
import { MAIN, runNode } from '../orch.mjs';

const COUNT = 10;

export async function firstFrames(rounds) {
  const [samples, bare] = [[], []];
  const { openTerminal } = await import('../tui/terminal.mjs').catch(() => ({ openTerminal: null }));
  for (let round = 0; openTerminal !== null && round < rounds; round++) {
    bare.push((await runNode(['-e', '0'], '/')).durationMs);
    samples.push(
      await withMarked(COUNT, async ({ project }) => {
        const terminal = openTerminal(process.execPath, [MAIN, 'up'], project.root, { BENCH_ROOT: project.root });
        try {
          return await terminal.firstFrame(/s0 +\S+ (?:starting|running|ready)/);
        } finally {
          await terminal.close();
        }
      }),
    );
  }
  const reference = samples.length > 0 ? { name: 'node -e 0', samples: bare } : undefined;
  return [
    {
      what: `up of ${COUNT} in a terminal → first frame with data`,
      samples,
      unit: 'ms',
      reference,
      target: '≤ 4.5 × node',
      missing: 'no node-pty',
    },
  ];
}
