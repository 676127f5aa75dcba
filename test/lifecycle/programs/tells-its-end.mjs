// Appends what happens to it to the file story.txt: every signal, a POST to /drain on PORT. Ends by itself SIGTERM (unless
// an argument says otherwise): tells-its-end.mjs [--ends-on SIGNAL] [--drains-in MS].
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { 'ends-on': { type: 'string', default: 'SIGTERM' }, 'drains-in': { type: 'string', default: '0' } },
});
const tell = (what) => appendFileSync('story.txt', `${process.env.ORCH_INSTANCE_ID} ${what}\n`);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) {
  process.on(signal, () => {
    tell(signal);
    if (signal === values['ends-on']) process.exit(0);
  });
}
const drain = (request, response) => {
  tell(`${request.method} ${request.url}`);
  setTimeout(() => {
    tell('drained');
    response.end();
  }, Number(values['drains-in']));
};
if (process.env.PORT) createServer(drain).listen(Number(process.env.PORT), '127.0.0.1', () => tell('up'));
else tell('up');
setInterval(() => undefined, 1 << 30);
