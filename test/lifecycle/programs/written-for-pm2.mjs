// written-for-pm2.mjs: says `ready` once the file `go` exists, ends on `shutdown`, and fails with 7 if its channel is closed by
// others. In the environment: DEAF=1 ignores `shutdown`; CLOSES=1 closes its channel once it is ready.
import { appendFileSync, existsSync } from 'node:fs';

let mayEnd = false;
const note = (text) => appendFileSync(`notes.${process.env.ORCH_INSTANCE}`, `${text}\n`);
const close = () => {
  mayEnd = true;
  process.disconnect();
};
process.send({ type: 'process:msg', data: { at: Date.now() } });
const timer = setInterval(() => {
  if (!existsSync('go')) return;
  clearInterval(timer);
  process.send('ready', () => {
    note('ready');
    if (process.env.CLOSES === '1') close();
  });
}, 20);
const alive = setInterval(() => undefined, 1_000);
process.on('message', (message) => {
  note(`message ${JSON.stringify(message)}`);
  if (message !== 'shutdown' || process.env.DEAF === '1') return;
  // As a server that lets its connections end.
  clearInterval(timer);
  setTimeout(() => clearInterval(alive), 50);
  close();
});
process.on('disconnect', () => {
  if (mayEnd) return;
  note('disconnect');
  process.exit(7);
});
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    note(signal);
    process.exit(0);
  });
