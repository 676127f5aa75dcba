// One HTTP worker. PORT differs for each of the pool; in-flight requests are finished when it receives SIGTERM.
import { createServer } from 'node:http';

const { PORT, ORCH_INSTANCE_ID: id } = process.env;
const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify({ worker: id, pid: process.pid, path: request.url })}\n`);
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${PORT}`));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
