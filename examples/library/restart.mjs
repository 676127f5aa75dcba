// Restarts a service through the library and reports each step. Exit code 0: every instance is ready again.
//
//   orch up -d && node restart.mjs web
import { connect, load, OrchError, plan } from 'orch';

const [service = 'web'] = process.argv.slice(2);

const loaded = await load('procs.yaml');
if (!loaded.ok) {
  for (const { file, line, column, message } of loaded.problems) console.error(`${file}:${line}:${column}: ${message}`);
  process.exit(2);
}

const planned = await plan('procs.yaml');
if (planned.ok) console.log(`plan: ${planned.plan.summary.text}`);

const orch = await connect('procs.yaml');
if (orch === null) {
  console.error(`${loaded.project} does not run: orch up -d`);
  process.exit(3);
}

try {
  await orch.wait(service, { for: 'ready', timeoutMs: 30_000 });
  const before = await orch.status();
  console.log(`${service}: ${readyIds(before).join(', ')} ready`);

  // Only what happens from now on.
  const newest = await newestSeq();
  const done = new AbortController();
  const report = (async () => {
    for await (const { service: of, message } of orch.events({ fromSeq: newest + 1, signal: done.signal })) {
      if (of === service) console.log(`  ${message}`);
    }
  })();

  const { instances } = await orch.restart(service);
  const { waitedMs } = await orch.wait(service, { for: 'ready', timeoutMs: 30_000 });
  done.abort();
  await report;
  console.log(`${instances.join(', ')} restarted, ready after ${waitedMs} ms`);
} catch (error) {
  if (!(error instanceof OrchError)) throw error;
  console.error(`${error.code}: ${error.message}${error.hint ? ` (${error.hint})` : ''}`);
  process.exitCode = 1;
} finally {
  orch.close();
}

function readyIds(status) {
  const { instances = [] } = status.services.find(({ name }) => name === service) ?? {};
  return instances.filter(({ state }) => state === 'ready').map(({ id }) => id);
}

async function newestSeq() {
  let newest = 0;
  for await (const { seq } of orch.events({ follow: false })) newest = seq;
  return newest;
}
