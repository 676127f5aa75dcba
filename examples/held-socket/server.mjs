// Serves HTTP on the socket that orch holds: descriptor 3 (the first of LISTEN_FDS), shared by the whole pool.
import { createServer } from 'node:http';

if (Number(process.env.LISTEN_PID) !== process.pid) throw new Error('no socket was passed to this process');
const server = createServer((request, response) => {
  response.setHeader('connection', 'close'); // the next request may go to another instance
  response.end(`${process.env.ORCH_INSTANCE_ID} ${process.pid} ${request.url}\n`);
});
server.listen({ fd: 3 });

// Take no more connections, answer those that are here, then leave: what waits in the backlog goes to the others.
process.on('SIGTERM', () => server.close());
