// crash: kill -9 of one of 100 instances until its successor runs, without back-off.
import { setTimeout as pause } from 'node:timers/promises';
import { untilTrue, withProject } from './orch.mjs';

const yaml = `
services:
  worker:
    command: [sleep, "100000"]
    pool: 100
    restart: { policy: always, backoff: { initial: 0ms } }
`;

export async function measure({ quick }) {
  const samples = [];
  await withProject(yaml, async (project) => {
    await project.run(['up', '-d', '--wait']);
    await pause(1_500); // what the start has stirred up has to settle first
    for (let round = 0; round < (quick ? 3 : 10); round++) {
      const id = `worker.${round + 1}`;
      const pid = Number(project.incarnations().get(id).split('@')[0]);
      const isReplaced = project.watchForNew(id);
      process.kill(pid, 'SIGKILL');
      samples.push(await untilTrue(`${id} is another process`, isReplaced));
    }
  });
  return [{ what: 'kill -9 → restarted', samples, unit: 'ms', target: '≤ 8 ms' }];
}
