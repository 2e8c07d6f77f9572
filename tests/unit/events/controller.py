# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""As much of AWX's API as ansible-rulebook needs in order to start job templates. Every job is successful at once."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t
from pathlib import PurePosixPath
from urllib.parse import parse_qs
from urllib.parse import urlsplit

ORGANIZATION = "Default"
# What a job template may ask when it is launched.
ASKED = ("ask_limit_on_launch", "ask_labels_on_launch", "ask_inventory_on_launch", "ask_variables_on_launch")


class Launch(t.NamedTuple):
    """A job template that was launched, and the variables that came with it."""

    template: str
    variables: dict[str, t.Any]


class Controller(http.server.ThreadingHTTPServer):
    """AWX, with a job template of every name that is asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.templates: list[str] = []
        self.launches: list[Launch] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Controller

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if asked.path.endswith("/unified_job_templates/"):
            self._answer({"count": 1, "results": [self._template(query["name"])]})
        elif asked.path.endswith("/jobs/"):
            self._answer({"results": [_job(each) for each in query["id__in"].split(",")]})
        else:
            self._answer({"version": "24.6.1"})

    def do_POST(self) -> None:
        number = int(PurePosixPath(self.path).parent.name)
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(_job(str(len(self.server.launches))), 201)
        self.server.launches.append(Launch(self.server.templates[number], sent["extra_vars"]))

    def _template(self, name: str) -> dict[str, t.Any]:
        number = len(self.server.templates)
        self.server.templates.append(name)
        return {
            "id": number,
            "type": "job_template",
            "name": name,
            "related": {"launch": f"/api/v2/job_templates/{number}/launch/"},
            "summary_fields": {"organization": {"name": ORGANIZATION}},
            **dict.fromkeys(ASKED, False),
        }

    def _answer(self, content: dict[str, t.Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def _job(number: str) -> dict[str, t.Any]:
    created = "2026-11-23T10:15:21Z"
    return {"id": int(number), "url": f"/api/v2/jobs/{number}/", "status": "successful", "created": created}


@contextlib.contextmanager
def controller() -> t.Iterator[Controller]:
    """Run one for the time of a test."""
    with Controller() as started:
        thread = threading.Thread(target=started.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield started
        started.shutdown()
        thread.join()
