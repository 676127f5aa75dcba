// One worker of a pool of web servers. orch gives each its own PORT and tells it its number.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { PORT, GREETING = 'hello', ORCH_INSTANCE_ID: id, ORCH_POOL_SIZE: poolSize } = process.env;
const { greetings } = JSON.parse(readFileSync(new URL('database.json', import.meta.url), 'utf8'));

const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  response.end(`${GREETING} from ${id} of ${poolSize} (pid ${process.pid}, ${greetings.length} greetings known)\n`);
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}/`));

// Finish what is being answered, then leave; `stop.grace` is how long orch waits for that.
process.on('SIGTERM', () => {
  console.log('closing');
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
