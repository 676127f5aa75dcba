// Says how it was configured.
import { createServer } from 'node:http';

const { PORT, ORCH_ENV, LOG_LEVEL, CACHE = 'off' } = process.env;
const server = createServer((_request, response) => response.end(`env=${ORCH_ENV ?? ''} log=${LOG_LEVEL} cache=${CACHE}\n`));
server.listen(Number(PORT), '127.0.0.1', () => console.log(`env=${ORCH_ENV ?? ''} log=${LOG_LEVEL} cache=${CACHE}`));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
