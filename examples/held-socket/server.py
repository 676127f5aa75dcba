"""Serves HTTP on the sockets that orch holds: LISTEN_FDS of them, from descriptor 3 on, shared by the whole pool."""

import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if int(os.environ.get("LISTEN_PID", "0")) != os.getpid():
    sys.exit("no sockets were passed to this process")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{os.environ['ORCH_INSTANCE_ID']} {os.getpid()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):  # a unix socket has no peer address
        return "client"


class Held(ThreadingHTTPServer):
    def __init__(self, fd):
        super().__init__(("", 0), Answer, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=fd)
        # Others of the pool may be quicker: accept() then says so instead of waiting.
        self.socket.setblocking(False)
        self.server_name, self.server_port = "held", 0

    def get_request(self):
        connection, peer = super().get_request()
        connection.setblocking(True)
        return connection, peer


servers = [Held(3 + n) for n in range(int(os.environ["LISTEN_FDS"]))]
for server in servers:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

signal.sigwait({signal.SIGTERM, signal.SIGINT})
for server in servers:
    server.shutdown()
