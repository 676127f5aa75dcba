// crash: kill -9 of an instance until its successor runs, without back-off.
import { untilTrue, withProject } from './orch.mjs';

const yaml = `
services:
  worker:
    command: [sleep, "100000"]
    pool: 10
    restart: { policy: always, backoff: { initial: 0ms } }
`;

export async function measure({ quick }) {
  const samples = [];
  await withProject(yaml, async (project) => {
    await project.run(['up', '-d', '--wait']);
    for (let round = 0; round < (quick ? 3 : 10); round++) {
      const id = `worker.${(round % 10) + 1}`;
      const pid = Number(project.incarnations().get(id).split('@')[0]);
      const isReplaced = project.watchForNew(id);
      process.kill(pid, 'SIGKILL');
      samples.push(await untilTrue(`${id} is another process`, isReplaced));
    }
  });
  return [{ what: 'kill -9 → restarted', samples, unit: 'ms' }];
}
