// A stranger that takes a port as soon as it is free, answers there, and says so by a file. PORT FILE
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [port, file] = process.argv.slice(2);
const server = createServer((socket) => socket.on('error', () => undefined).end());
const listen = () => server.listen(Number(port), '127.0.0.1');
server.on('error', () => setTimeout(listen, 5));
server.on('listening', () => writeFileSync(file, ''));
listen();
