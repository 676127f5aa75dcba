import { createServer } from "node:http";

createServer((_request, response) => response.end("ok\n")).listen(process.env.PORT, "127.0.0.1");
