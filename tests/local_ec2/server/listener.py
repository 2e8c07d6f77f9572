# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP/1.1 on loopback, with connections kept open.

Only transport lives here. Werkzeug's own handler closes the connection after each answer, which costs a client a
handshake per request and hides the dropped connections that a switch makes.
"""

from __future__ import annotations

import contextlib
import socket
from http.client import responses
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer
from werkzeug.serving import make_server

from local_ec2.api import dispatch
from local_ec2.server import application
from local_ec2.steering import control

ADDRESS = "127.0.0.1"


class Handler(MotoRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        body = self._read_body(environ)
        path = environ["PATH_INFO"]
        answer = (
            control.answer(environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], body)
            if path.startswith(control.PREFIX)
            else application.answer(environ, body)
        )
        if answer is None:
            self._drop()
        else:
            self._send(answer)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        """The whole body: what is left of it would be taken for the next request."""
        chunked = environ.get("wsgi.input_terminated", False)
        length = -1 if chunked else int(environ.get("CONTENT_LENGTH") or 0)
        body: bytes = environ["wsgi.input"].read(length)
        return body

    def _send(self, answer: application.Answer) -> None:
        self.send_response(answer.status, responses.get(answer.status, ""))
        for name, value in answer.headers:
            if name.lower() not in ("content-length", "connection", "status"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The record holds what a log would say."""


def create(port: int = 0) -> BaseWSGIServer:
    """A server bound to loopback, not yet serving; port 0 takes a free one."""
    dispatch.install()
    return make_server(ADDRESS, port, _no_application, threaded=True, request_handler=Handler)


def _no_application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise NotImplementedError("the handler answers by itself")
