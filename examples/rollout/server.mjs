// Answers with its version. `VERSION: broken` never gets ready. A drain is answered once nothing is under way.
import { createServer } from 'node:http';

const { PORT, VERSION, ORCH_INSTANCE_ID } = process.env;
let underWay = 0;
let drained = null;

createServer((request, response) => {
  if (request.url === '/healthz') {
    response.statusCode = VERSION === 'broken' || drained ? 503 : 200;
    return response.end();
  }
  if (request.url === '/drain') {
    drained = () => response.end();
    return underWay === 0 ? drained() : undefined;
  }
  underWay++;
  setTimeout(() => {
    response.end(`${ORCH_INSTANCE_ID} version ${VERSION}\n`);
    if (--underWay === 0) drained?.();
  }, 50);
}).listen(Number(PORT), '127.0.0.1');
