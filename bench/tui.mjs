// The full-screen view in a real pseudo-terminal: its first frame, what it costs at rest and under output, how soon it
// answers a key; process-compose and mprocs beside it where they are installed.
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MAIN, processes, proportionalBytes, runNode, withProject } from './orch.mjs';
import { median } from './table.mjs';
import { findPeers } from './tui/peers.mjs';
import { openTerminal } from './tui/terminal.mjs';

const LINES = fileURLToPath(new URL('./tui/steady-lines.mjs', import.meta.url));
const MIB = 2 ** 20;
const WRITERS = 4;
/** What the start has stirred up. */
const SETTLE_MS = 5000;
/** Between two keys: a program that reads both at once may take them for one sequence. */
const KEY_MS = 100;

/** Three programs at rest, and `WRITERS` that write `perSecond` lines a second together. */
function programsOf(perSecond) {
  const resting = ['api', 'db', 'web'].map((name) => ({ name, command: 'exec sleep 100000' }));
  if (perSecond === 0) return resting;
  const command = `exec ${process.execPath} ${LINES} ${perSecond / WRITERS}`;
  return [...resting, ...Array.from({ length: WRITERS }, (_, index) => ({ name: `writer${index + 1}`, command }))];
}

/** @param programs `pool`: one, unless it is given */
function yamlOf(programs) {
  const services = programs.map(({ name, command, pool = 1 }) => [name, { command, pool }]);
  return JSON.stringify({ services: Object.fromEntries(services) }); // which is YAML, too
}

export async function measure({ quick }) {
  const seconds = quick ? 5 : 20;
  const { installed: peers, missing } = findPeers();
  return [
    ...missing.map((name) => ({ what: name, samples: [], missing: 'not installed' })),
    ...(await measureResting(peers, quick ? 3 : 9, seconds)),
    ...(await measureOutput(peers, seconds)),
    ...(await measureFlood(peers, seconds, quick ? 20 : 60)),
    ...(await measureMany(seconds)),
  ];
}

/** The first frame, from the start of the client until a service is on the screen; and the rest. */
async function measureResting(peers, rounds, seconds) {
  const [samples, bare] = [[], []];
  const rows = await withRunning(programsOf(0), async (project) => {
    const startedMs = performance.now();
    await warmUp(project);
    for (let round = 0; round < rounds; round++) {
      bare.push((await runNode(['-e', '0'], '/')).durationMs);
      const terminal = attach(project);
      samples.push(await terminal.firstFrame(/db +● ready/));
      await terminal.close();
    }
    // Until the uptimes on the screen are in minutes.
    const settleMs = startedMs + 65_000 - performance.now();
    return costOfView(project, 'at rest', {
      seconds,
      settleMs,
      targets: { percent: '≤ 1 %', chars: '0', memory: '≤ 100 MiB' },
    });
  });
  const first = [
    { what: 'first frame, with data', samples, unit: 'ms', reference: { name: 'node -e 0', samples: bare } },
    { what: '… beyond bare node', samples: samples.map((each) => each - median(bare)), unit: 'ms', target: '≤ 350 ms' },
  ];
  for (const { name, withView } of peers) {
    const theirs = [];
    for (let round = 0; round < rounds; round++) {
      theirs.push(await withView(programsOf(0), (terminal) => terminal.firstFrame(/web/)));
    }
    first.push({ what: `first frame, ${name}`, samples: theirs, unit: 'ms' });
  }
  return [...first, ...rows, ...(await costOfPeers(peers, 'at rest', programsOf(0), seconds))];
}

/** Every start but the first of a build: V8's compiled code is on disk once a view has been open for a while (decision 0405). */
async function warmUp(project) {
  const terminal = attach(project);
  await terminal.firstFrame(/ready/);
  await pause(SETTLE_MS);
  await terminal.close();
}

/** 1,000 lines a second: all output, which only orch shows, and that of one program, as the others show it. */
async function measureOutput(peers, seconds) {
  const [all, one] = await withRunning(programsOf(1000), async (project) => [
    await costOfView(project, '1,000 lines/s, all output', {
      seconds,
      targets: { percent: '≤ process-compose', memory: '≤ 100 MiB' },
    }),
    await costOfView(project, '1,000 lines/s, one writer shown', { seconds, select: selectWriter }),
  ]);
  const theirs = await costOfPeers(peers, '1,000 lines/s, one writer shown', programsOf(1000), seconds);
  const reference = theirs.find(({ what }) => what.startsWith('process-compose CPU'));
  if (reference !== undefined) all[0].reference = { name: 'process-compose', samples: reference.samples };
  return [...all, ...one, ...theirs];
}

/** Under a flood in all output: the view's CPU, and how long the selection takes to move. */
async function measureFlood(peers, seconds, presses) {
  const rows = await withRunning(programsOf(20_000), async (project) => {
    const terminal = attach(project);
    await terminal.firstFrame(/ready/);
    await terminal.press('j', /▌ +db/);
    terminal.type('a'); // all output again, whatever is selected
    await pause(SETTLE_MS);
    const { percent } = await terminal.cost(seconds);
    const samples = [];
    for (let press = 0; press < presses; press++) {
      await pause(60 + ((press * 37) % 100)); // at any point between two frames
      samples.push(press % 2 === 0 ? await terminal.press('j', /▌ +web/) : await terminal.press('k', /▌ +db/));
    }
    samples.sort((one, other) => one - other);
    const memory = memoryOf(project.root) / MIB;
    await terminal.close();
    return [
      { what: 'view CPU, 20,000 lines/s, all output', samples: [percent], unit: '%', target: '≤ 25 %' },
      { what: '… memory of all of orch', samples: [memory], unit: 'MiB' },
      { what: '… a key', samples, unit: 'ms' },
      { what: '… a key, p95', samples: [samples[Math.ceil(samples.length * 0.95) - 1]], unit: 'ms', target: '≤ 60 ms' },
    ];
  });
  return [...rows, ...(await costOfPeers(peers, '20,000 lines/s, one writer shown', programsOf(20_000), seconds))];
}

async function measureMany(seconds) {
  return withRunning([{ ...programsOf(0)[0], pool: 500 }], (project) =>
    costOfView(project, '500 instances at rest', { seconds, targets: { percent: '≤ 2 %' } }),
  );
}

const withRunning = (programs, use) =>
  withProject(yamlOf(programs), async (project) => {
    await project.run(['up', '-d', '--wait']);
    return use(project);
  });

/** CPU of the view, what it writes, and the memory of all processes but the programs. `targets`: of those that have one. */
async function costOfView(project, what, { seconds, settleMs = SETTLE_MS, select = () => undefined, targets = {} }) {
  const terminal = attach(project);
  await terminal.firstFrame(/ready/);
  await select(terminal);
  await pause(Math.max(SETTLE_MS, settleMs));
  const { percent, charsPerSecond } = await terminal.cost(seconds);
  const rows = [
    { what: `view CPU, ${what}`, samples: [percent], unit: '%', target: targets.percent },
    { what: '… characters written a second', samples: [charsPerSecond], unit: '', target: targets.chars },
    { what: '… memory of the view', samples: [proportionalBytes(terminal.pid) / MIB], unit: 'MiB' },
    {
      what: '… memory of all of orch',
      samples: [memoryOf(project.root) / MIB],
      unit: 'MiB',
      target: targets.memory,
    },
  ];
  await terminal.close();
  return rows;
}

/** Behind the programs at rest. */
async function selectWriter(terminal) {
  for (const name of ['db', 'web', 'writer1']) await terminal.press('j', new RegExp(`▌ +${name}`));
}

async function costOfPeers(peers, what, programs, seconds) {
  const rows = [];
  const firstWriter = programs.findIndex(({ name }) => name.startsWith('writer'));
  for (const { name, down, withView } of peers) {
    const theirs = await withView(programs, async (terminal, ownPids) => {
      await terminal.firstFrame(/web/);
      for (let row = 0; row < firstWriter; row++) {
        terminal.type(down);
        await pause(KEY_MS);
      }
      await pause(SETTLE_MS);
      const pids = ownPids();
      const { percent, charsPerSecond } = await terminal.cost(seconds, pids);
      const memory = pids.reduce((sum, pid) => sum + proportionalBytes(pid), 0) / MIB;
      return [
        { what: `${name} CPU, ${what}`, samples: [percent], unit: '%' },
        { what: '… characters written a second', samples: [charsPerSecond], unit: '' },
        { what: `… memory of ${name}`, samples: [memory], unit: 'MiB' },
      ];
    });
    rows.push(...theirs);
  }
  return rows;
}

const attach = (project) =>
  openTerminal(process.execPath, [MAIN, 'attach'], project.root, { BENCH_ROOT: project.root });

/** What is shared, such as the program itself, counts once. */
function memoryOf(root) {
  let sum = 0;
  for (const { pid, environment } of processes()) {
    const isOfProject = environment.includes(`BENCH_ROOT=${root}\0`);
    if (isOfProject && !environment.includes('ORCH_INSTANCE_ID=')) sum += proportionalBytes(pid);
  }
  return sum;
}
