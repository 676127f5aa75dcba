// A web server that answers with the name of its instance.
import { createServer } from 'node:http';

createServer((_request, response) => response.end(`${process.env.ORCH_INSTANCE_ID}\n`)).listen(process.env.PORT, '127.0.0.1');
