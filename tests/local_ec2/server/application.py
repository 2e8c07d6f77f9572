# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way of one AWS request: record, latency, faults, moto, record.

Only this order lives here. What a request means is moto's and dispatch.py's matter.
"""

from __future__ import annotations

import json
import re
import sys
import time
import traceback
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import parse_qsl

from moto.ec2.models import ec2_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.moto_server.werkzeug_app import create_backend_app

from local_ec2.api import errors
from local_ec2.api.errors import Ec2Error
from local_ec2.services.iam import user_of
from local_ec2.state.current import STATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask
    from moto.backends import SERVICE_NAMES

    from local_ec2.steering.record import Entry

CODE = re.compile(rb'<Code>([^<]*)</Code>|"__type": "([^"]*)"')
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Caller:
    """What the Authorization header says of a request; empty without one."""

    access_key: str = ""
    region: str = "us-east-1"
    service: str = ""

    @classmethod
    def of(cls, environ: dict[str, Any]) -> Caller:
        found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        return cls(*found.groups()) if found else cls()


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher. It looks through all services for each request, with a file system call for every one."""

    def __init__(self) -> None:
        super().__init__(create_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


def create_app(service: SERVICE_NAMES) -> Flask:
    """Flask refuses forms above 500 kB, which ten thousand organization ARNs exceed."""
    app = create_backend_app(service)
    app.config["MAX_FORM_MEMORY_SIZE"] = None
    return app


_DISPATCHER = Dispatcher()


def answer(environ: dict[str, Any], body: bytes) -> Answer | None:
    """Answer one AWS request; None means: close the connection without an answer."""
    caller = Caller.of(environ)
    form = _form(environ, body)
    account, principal = user_of(caller.access_key)
    entry = STATE.record.open(caller.service, caller.region, principal, form)
    switches = STATE.switches
    if switches.latency:
        time.sleep(switches.latency)
    due = STATE.faults.due(switches)
    if "drop_every" in due:
        entry.code = "Dropped"
        return None
    refusal = STATE.faults.refusal(due, switches, (account, caller.region, entry.action))
    if not caller.access_key:
        refusal = Ec2Error(errors.BAD_CREDENTIALS)
    elif caller.region not in ec2_backends[account].regions:
        refusal = Ec2Error(errors.WRONG_REGION)
    result = _refused(refusal, caller.service) if refusal else _through_moto(environ, body, entry)
    found = CODE.search(result.body) if result.status >= 400 else None
    entry.code = (found[1] or found[2]).decode() if found else ""
    if "drop_after_every" in due:
        entry.code = "DroppedAfter"
        return None
    entry.status = result.status
    return result


def _form(environ: dict[str, Any], body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace") if body else environ.get("QUERY_STRING", "")
    content_type = environ.get("CONTENT_TYPE", "")
    if body and not content_type.startswith("application/x-www-form-urlencoded"):
        return _json_form(environ, text)
    return dict(parse_qsl(text, keep_blank_values=True))


def _json_form(environ: dict[str, Any], text: str) -> dict[str, str]:
    """The action, and those parameters that are texts."""
    if "HTTP_X_AMZ_TARGET" not in environ:
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    texts = {name: value for name, value in body.items() if isinstance(value, str)}
    return {**texts, "Action": environ["HTTP_X_AMZ_TARGET"].split(".")[-1]}


def _refused(error: Ec2Error, service: str) -> Answer:
    codes = errors.IN_JSON.get(service, {})
    if error.code in codes:
        error = Ec2Error(codes[error.code])
    body = error.body(service or "ec2").encode()
    content_type = "application/x-amz-json-1.1" if codes else "text/xml;charset=UTF-8"
    return Answer(error.status, [("Content-Type", content_type)], body)


def _through_moto(environ: dict[str, Any], body: bytes, entry: Entry) -> Answer:
    """Run moto, one request at a time: its state knows no locks."""
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    started: list[Any] = []
    try:
        with STATE.lock:
            chunks: Iterable[bytes] = _DISPATCHER(environ, lambda *args: started.extend(args[:2]))
            content = b"".join(chunks)
    except NotImplementedError as error:
        return _refused(Ec2Error(errors.NOT_IMPLEMENTED, action=entry.action, reason=error), entry.service)
    except Exception:  # noqa: BLE001 - EC2 answers 500 as well; the traceback is for those who work on this server
        traceback.print_exc(file=sys.stderr)
        return _refused(Ec2Error(errors.INTERNAL), entry.service)
    return Answer(int(started[0].split()[0]), started[1], content)
