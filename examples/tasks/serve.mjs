// Serves the rows that the tasks have prepared.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const rows = JSON.parse(readFileSync('table.json', 'utf8'));
const server = createServer((_request, response) => response.end(`${rows.join('\n')}\n`));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`${rows.length} rows on ${process.env.PORT}`));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
