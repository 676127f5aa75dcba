// idle: CPU share and resident memory of the supervisor and of the log writer while nothing happens.
import { setTimeout as pause } from 'node:timers/promises';
import { processes, residentBytes, statOf, withProject } from './orch.mjs';
import { poolOf } from './start.mjs';

const TICKS_PER_SECOND = 100;
const CPU_TARGETS = { 100: '≤ 0.05 %', 1000: '≤ 0.2 %' };

export async function measure({ quick }) {
  const rows = [];
  for (const count of quick ? [10, 100] : [10, 100, 1000]) rows.push(...(await measureAt(count, quick ? 5 : 30)));
  return rows;
}

async function measureAt(count, seconds) {
  return withProject(poolOf(count), async (project) => {
    await project.run(['up', '-d', '--wait']);
    const supervisor = (await project.status()).supervisor.pid;
    const writer = findLogWriter(project.root);
    await pause(10_000); // what the start has stirred up has to settle first
    const watched = [['supervisor', supervisor], ...(writer === null ? [] : [['log writer', writer]])];
    const before = watched.map(([, pid]) => statOf(pid).cpuTicks);
    await pause(seconds * 1000);
    return watched.flatMap(([name, pid], index) => [
      {
        what: `${name} CPU, ${count} idle`,
        samples: [((statOf(pid).cpuTicks - before[index]) / TICKS_PER_SECOND / seconds) * 100],
        unit: '%',
        target: name === 'supervisor' ? (CPU_TARGETS[count] ?? '') : '',
      },
      {
        what: `${name} RSS, ${count} idle`,
        samples: [residentBytes(pid) / 1e6],
        unit: 'MB',
        target: name === 'supervisor' && count === 100 ? '≤ 70 MB' : '',
      },
    ]);
  });
}

function findLogWriter(root) {
  for (const { pid, command } of processes()) {
    if (command.includes('log-writer') && command.includes(root)) return pid;
  }
  return null;
}
