// Serves HTTP on PORT and, if told, on a unix socket (argument). What it answers lies in the file `answer.<instance>`:
// a status (default 200); `hang` answers never. Says `open for business` once it listens.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const id = process.env.ORCH_INSTANCE_ID;
let last = '200';
/** A file that is just being written is empty: the answer before it holds. */
const answer = () => {
  if (existsSync(`answer.${id}`)) last = readFileSync(`answer.${id}`, 'utf8').trim() || last;
  return last;
};
const serve = (request, response) => {
  if (answer() === 'hang') return;
  response.statusCode = Number(answer());
  response.setHeader('connection', 'close');
  response.end(`${id} saw ${request.headers['x-probe'] ?? 'no probe'}\n`);
};
const [path] = process.argv.slice(2);
createServer(serve).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('open for business'));
if (path) createServer(serve).listen(path);
process.on('SIGTERM', () => process.exit(0));
