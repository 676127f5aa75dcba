// Loaded into the supervisor and the log writer by NODE_OPTIONS: writes down, from within, how many timers and handles
// there are and how large the heap is. Without it only what /proc shows would be known.
const { renameSync, writeFileSync } = require('node:fs');

const EVERY_MS = 2_000;
const { CHAOS_RECORDS } = process.env;

if (CHAOS_RECORDS !== undefined && /(supervisor|log-writer)\.c?js$/.test(process.argv[1] ?? '')) {
  const path = `${CHAOS_RECORDS}/resources-${process.pid}`;
  setInterval(() => {
    const active = process.getActiveResourcesInfo();
    const timers = active.filter((kind) => kind === 'Timeout' || kind === 'Immediate').length;
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(`${path}.new`, JSON.stringify({ timers, handles: active.length - timers, heapUsed, external }));
    renameSync(`${path}.new`, path);
  }, EVERY_MS).unref();
}
