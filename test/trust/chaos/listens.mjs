// A server: records its start, listens on its port, and ends where that is taken.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';

const { CHAOS_RECORDS, ORCH_INSTANCE_ID, ORCH_NONCE, PORT } = process.env;
process.on('SIGTERM', () => process.exit(0));
appendFileSync(`${CHAOS_RECORDS}/starts`, `${ORCH_INSTANCE_ID} ${ORCH_NONCE} ${process.pid}\n`);
createServer((socket) => socket.on('error', () => undefined).end())
  .on('error', () => process.exit(1))
  .listen(Number(PORT), '127.0.0.1');
