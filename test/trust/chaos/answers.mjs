// Answers whatever it is asked, and does nothing else: how long that takes is what the machine costs now.
import { createServer } from 'node:net';

createServer((socket) => socket.on('data', () => socket.write('{}\n'))).listen(process.argv[2]);
