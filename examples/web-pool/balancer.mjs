// Sends each request to the next worker that answers. Workers come and go with `pool:`; nobody tells the balancer.
import { createServer, request as connect } from 'node:http';

const MOST_WORKERS = 64;
const firstPort = Number(process.env.FIRST_WORKER_PORT);
let next = 0;

/** Tries worker after worker; behind the last one (nobody listens) it begins again at the first. */
function forward(incoming, outgoing, triesLeft) {
  const offset = next++;
  const worker = connect(
    { host: '127.0.0.1', port: firstPort + offset, path: incoming.url, method: incoming.method, agent: false },
    (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    },
  );
  worker.on('error', () => {
    if (offset > 0) next = 0;
    if (triesLeft > 0 && !outgoing.headersSent) return forward(incoming, outgoing, triesLeft - 1);
    outgoing.writeHead(503).end('no worker answers\n');
  });
  incoming.pipe(worker);
}

const server = createServer((incoming, outgoing) => {
  if (next >= MOST_WORKERS) next = 0;
  forward(incoming, outgoing, 2);
});
server.listen(Number(process.env.BASE_PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${process.env.BASE_PORT}/`));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
