# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The way to EC2: which endpoint serves what, what a proxy's credentials may not end up in, and what was never sent."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import stat
import threading
import time
import types
import typing as t
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible.module_utils import basic
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz

from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2Error
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import _MaskingModule
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from ansible_collections.amikit.aws.plugins.module_utils._attributes.proxies import Proxies
from local_ec2.client import LocalEC2

if t.TYPE_CHECKING:
    from typing import Self  # of Python 3.11, while the tests run on 3.10 as well

    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

AMI = "ami-0123456789abcdef0"
A = "111111111111"
MODULES: dict[str, dict[str, t.Any]] = {
    "ec2_ami_attribute": {"image_ids": [AMI], "description": "d"},
    "ec2_snapshot_attribute": {"snapshot_ids": ["snap-11111111"], "create_volume_permissions": {}},
    "ec2_ami_attribute_info": {"filters": {}},
    "ec2_ami_sharing": {"policies": [{"name": "P", "pattern": "private", "filters": {}}]},
}
ONCE = {"retries": {"total_max_attempts": 1}}

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module("ec2_ami_attribute", **{"image_id": AMI, "description": "d", **options})


# Endpoints.


class Passage(ThreadingHTTPServer):
    """A proxy on loopback. It passes requests on to the embedded EC2, whatever host they are for, and keeps the hosts.

    ``closes_after`` requests it is gone; ``answers_last`` tells whether the last of them is answered.
    """

    def __init__(self, ec2: LocalEC2, closes_after: int = 1_000, *, answers_last: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Pass)
        self.ec2 = urlsplit(ec2.url)
        self.hosts: list[str] = []
        self.left = closes_after
        self.answers_last = answers_last
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()


class _Pass(BaseHTTPRequestHandler):
    server: Passage

    def do_POST(self) -> None:
        passage = self.server
        passage.hosts.append(urlsplit(self.path).hostname or "")
        passage.left -= 1
        if not passage.left:
            # Nothing listens any more once the client has its answer.
            passage.shutdown()
            passage.socket.close()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        onward = http.client.HTTPConnection(passage.ec2.netloc)
        # moto takes the Region from the name of a host of AWS.
        onward.request("POST", "/", body, {name: value for name, value in self.headers.items() if name != "Host"})
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        self.close_connection = True
        if passage.left or passage.answers_last:
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

    def do_CONNECT(self) -> None:
        self.server.hosts.append(self.path.partition(":")[0])
        self.send_error(502)

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 the name is the base class's
        pass


def through(passage: Passage, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """Send all requests over HTTP by the proxy, to the addresses that botocore has for the services."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, passage.url)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


VPC = "http://vpce-0123456789abcdef0-abcdefgh.ec2.us-east-1.vpce.amazonaws.com"
KMS = "kms.us-east-1.amazonaws.com"
ENDPOINTS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    # what it is: (endpoint_url, environment, the hosts that EC2 and KMS are asked at)
    "a VPC endpoint": (VPC, {}, [urlsplit(VPC).netloc, KMS]),
    "a FIPS endpoint": ("http://ec2-fips.us-east-1.amazonaws.com", {}, ["ec2-fips.us-east-1.amazonaws.com", KMS]),
    "a dual-stack endpoint": ("http://ec2.us-east-1.api.aws", {}, ["ec2.us-east-1.api.aws", KMS]),
    "an endpoint in capitals": ("http://EC2.US-EAST-1.AMAZONAWS.COM", {}, ["ec2.us-east-1.amazonaws.com", KMS]),
    "an emulator": ("http://emulator.internal", {}, ["emulator.internal"] * 2),
    "an emulator named like AWS": ("http://ec2.amazonaws.com.internal", {}, ["ec2.amazonaws.com.internal"] * 2),
    "an emulator, and another for KMS": (
        "http://emulator.internal",
        {"AWS_ENDPOINT_URL_KMS": "http://kms.internal"},
        ["emulator.internal", "kms.internal"],
    ),
    "an emulator, and another that is ignored": (
        "http://emulator.internal",
        {"AWS_ENDPOINT_URL_KMS": "http://kms.internal", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        ["emulator.internal"] * 2,
    ),
    "the option wins over the environment": (
        "http://emulator.internal",
        {"AWS_ENDPOINT_URL": "http://other.internal", "AWS_ENDPOINT_URL_EC2": "http://another.internal"},
        ["emulator.internal"] * 2,
    ),
    "a VPC endpoint, and one for KMS": (
        VPC,
        {"AWS_ENDPOINT_URL_KMS": "http://kms.internal"},
        [urlsplit(VPC).netloc, "kms.internal"],
    ),
    "botocore's alone": (
        "",
        {"AWS_ENDPOINT_URL": "http://emulator.internal", "AWS_ENDPOINT_URL_EC2": VPC},
        [urlsplit(VPC).netloc, "emulator.internal"],
    ),
}


@pytest.mark.parametrize(("endpoint", "environment", "hosts"), ENDPOINTS.values(), ids=list(ENDPOINTS))
def test_an_address_of_aws_is_ec2s_alone_and_any_other_serves_all(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, endpoint: str, environment: Json, hosts: list[str]
) -> None:
    ec2.seed({"image_id": AMI, "snapshots": [{"encrypted": True}]})
    with Passage(ec2) as passage:
        through(passage, monkeypatch, **environment)
        result = run(launch_permissions={"user_ids": [A]}, endpoint_url=endpoint)
    assert not result["failed"], result["msg"]
    assert list(dict.fromkeys(passage.hosts)) == list(dict.fromkeys(hosts))


def test_a_services_section_of_the_profile_wins(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ec2.seed({"image_id": AMI, "snapshots": [{"encrypted": True}]})
    config = "[default]\nservices = here\n[services here]\nkms =\n  endpoint_url = http://kms.internal\n"
    (tmp_path / "config").write_text(config)
    with Passage(ec2) as passage:
        through(passage, monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
        result = run(launch_permissions={"user_ids": [A]}, endpoint_url="http://emulator.internal")
    assert not result["failed"], result["msg"]
    assert list(dict.fromkeys(passage.hosts)) == ["emulator.internal", "kms.internal"]


ELSEWHERE: dict[str, tuple[str, str, str]] = {
    # what it is: (endpoint_url, the Region that it serves, the Region of the task)
    "a Regional address": ("https://ec2.eu-west-1.amazonaws.com", "eu-west-1", "us-east-1"),
    "a VPC endpoint": (VPC, "us-east-1", "eu-west-1"),
    "a VPC endpoint of one zone": (VPC.replace("abcdefgh", "abcdefgh-us-east-1a"), "us-east-1", "eu-west-1"),
    "GovCloud": ("https://ec2.us-gov-west-1.amazonaws.com", "us-gov-west-1", "us-gov-east-1"),
    "China": ("https://ec2.cn-north-1.amazonaws.com.cn", "cn-north-1", "cn-northwest-1"),
    "dual-stack China": ("https://ec2.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1", "cn-northwest-1"),
}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(("endpoint", "served", "region"), ELSEWHERE.values(), ids=list(ELSEWHERE))
def test_an_address_of_another_region_is_refused(
    ec2: LocalEC2, run_module: Run, module: str, endpoint: str, served: str, region: str
) -> None:
    result = run_module(module, **MODULES[module], region=region, endpoint_url=endpoint)
    assert result["failed"]
    assert f"endpoint_url: it serves only {served}, and the task works on {region}; " in result["msg"]
    assert ec2.requests() == []


def test_ids_of_another_region_than_the_endpoints_are_refused_with_all_else(ec2: LocalEC2, run: Run) -> None:
    ids = [f"eu-west-1:{AMI}", f"us-east-1:{AMI}", f"us-west-2:{AMI}"]
    endpoint = "https://ec2.eu-west-1.amazonaws.com"
    result = run(image_id=ids, region="eu-west-1", endpoint_url=endpoint, concurrency=0)
    instead = "leave endpoint_url out, or use one task per Region"
    assert result["msg"].splitlines() == [
        "2 problems in the task; nothing was sent to EC2:",
        f"endpoint_url: it serves only eu-west-1, and the task works on us-east-1, us-west-2; {instead}",
        "concurrency: 0 is less than 1",
    ]


FITTING = ["ec2.us-east-1.amazonaws.com", "ec2.amazonaws.com", "emulator-1.eu-west-1.elb.amazonaws.com"]


@pytest.mark.parametrize("host", FITTING)
def test_an_address_that_fits_is_used(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    ec2.seed({"image_id": AMI})
    with Passage(ec2) as passage:
        through(passage, monkeypatch)
        assert run(endpoint_url=f"http://{host}")["changed"]
    assert set(passage.hosts) == {host}


def test_an_endpoint_of_the_environment_for_another_region_is_refused(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", VPC)
    result = run(image_id=f"eu-west-1:{AMI}")
    assert result["failed"]
    assert f"({urlsplit(VPC).netloc}) serves us-east-1, not eu-west-1" in result["msg"]


# What was never sent.


def credentials_that_expire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ec2: LocalEC2, times: int) -> None:
    """Have botocore ask a program for credentials before every request; after so many times it fails."""
    keys = ec2.environment()
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    answer = {
        "Version": 1,
        "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
        "Expiration": soon,
    }
    program = tmp_path / "credentials.sh"
    count = tmp_path / "count"
    lines = [
        "#!/bin/sh",
        f"echo >> {count}",
        f"[ $(wc -l < {count}) -le {times} ] || exit 1",
        f"echo '{json.dumps(answer)}'",
    ]
    program.write_text("\n".join(lines))
    program.chmod(stat.S_IRWXU)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


def test_credentials_that_cannot_be_renewed_leave_no_doubt(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ec2.seed({"image_id": AMI})
    # The program runs once to load them, and once for the read.
    credentials_that_expire(tmp_path, monkeypatch, ec2, times=2)
    result = run(wait=False)
    assert result["failed"]
    assert "ModifyImageAttribute: CredentialRetrievalError" in result["msg"]
    assert result["msg"].endswith("Nothing was changed")


def test_a_connection_that_was_never_made_leaves_no_doubt(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2.seed({"image_id": AMI})
    with Passage(ec2, closes_after=1) as passage:
        through(passage, monkeypatch, AWS_ENDPOINT_URL="http://emulator.internal")
        result = run(aws_config=ONCE, wait=False)
    assert "ModifyImageAttribute: ProxyConnectionError" in result["msg"]
    assert result["msg"].endswith("Nothing was changed")


@pytest.mark.parametrize("attempts", [1, 2])
def test_an_attempt_that_was_lost_leaves_doubt_whatever_came_after_it(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    ec2.seed({"image_id": AMI})
    with Passage(ec2, closes_after=2, answers_last=False) as passage:
        through(passage, monkeypatch, AWS_ENDPOINT_URL="http://emulator.internal")
        result = run(aws_config={"retries": {"total_max_attempts": attempts}}, wait=False)
    # By its class this could be the proxy that was not reached, and after the second attempt it is.
    assert "ModifyImageAttribute: ProxyConnectionError" in result["msg"]
    assert "0 images changed, and 1 may have changed: EC2 gave no clear answer" in result["msg"]
    assert (ec2.image(AMI, "us-east-1") or {})["description"] == "d"


def test_what_was_throttled_and_then_denied_leaves_no_doubt(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    ec2.switch(
        throttle_every=2,
        errors_of={AMI: {"code": "UnauthorizedOperation", "status": 403, "action": "ModifyImageAttribute"}},
    )
    result = run(wait=False)
    assert "ModifyImageAttribute: UnauthorizedOperation" in result["msg"]
    assert result["msg"].endswith("Nothing was changed")


class Server(t.NamedTuple):
    """What a server on loopback answers to the first bytes that it gets, and whether it hangs then or hangs up."""

    answer: bytes
    hangs: bool = False


@pytest.fixture
def listening() -> t.Iterator[t.Callable[[Server], str]]:
    """Start servers, each of which treats all connections alike, and return their addresses."""
    with contextlib.ExitStack() as stack:

        def start(server: Server) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            threading.Thread(target=serve, args=(server, listener), daemon=True).start()
            return f"127.0.0.1:{listener.getsockname()[1]}"

        def serve(server: Server, listener: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = stack.enter_context(listener.accept()[0])
                    connection.recv(65536)
                    connection.sendall(server.answer)
                    if not server.hangs:
                        connection.shutdown(socket.SHUT_RDWR)
                        connection.close()

        yield start


NO_PROXY_CREDENTIALS = Server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
WAYS: dict[str, tuple[Server | None, str, str, bool]] = {
    # what is wrong: (the server, the endpoint and the proxy at its address, whether EC2 may have got the request)
    "nothing listens": (None, "http://{}", "", False),
    "no proxy listens": (None, "http://emulator.internal", "http://{}", False),
    "no proxy listens for TLS": (None, "https://emulator.internal", "http://{}", False),
    "the proxy is no URL": (None, "http://emulator.internal", "http://a/b@{}", False),
    "the proxy wants a password": (NO_PROXY_CREDENTIALS, "https://emulator.internal", "http://{}", False),
    "the proxy hangs up": (Server(b""), "https://emulator.internal", "http://{}", False),
    "no TLS is spoken": (Server(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "https://{}", "", False),
    "TLS is hung up on": (Server(b""), "https://{}", "", False),
    "the connection drops": (Server(b""), "http://{}", "", True),
    "the answer does not come": (Server(b"", hangs=True), "http://{}", "", True),
    "the answer is cut off": (Server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<"), "http://{}", "", True),
    "the answer's body hangs": (
        Server(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<a", hangs=True),
        "http://{}",
        "",
        True,
    ),
    "a chunk is cut off": (
        Server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n<a"),
        "http://{}",
        "",
        True,
    ),
    "the answer is not one": (Server(b"SSH-2.0-OpenSSH\r\n"), "http://{}", "", True),
}


def edge(**options: t.Any) -> EC2:
    module = types.SimpleNamespace(params={"region": "us-east-1", **options}, no_log_values=set())
    return EC2(t.cast("AnsibleAWSModule", module), concurrency=1)


def failure_of(edge: EC2) -> Failure:
    with pytest.raises(EC2Error) as caught:
        edge.call("us-east-1", "describe_regions")
    return caught.value.failure


@pytest.mark.parametrize(("there", "endpoint", "proxy", "uncertain"), WAYS.values(), ids=list(WAYS))
def test_only_what_may_have_reached_ec2_leaves_doubt(
    ec2: LocalEC2,
    listening: t.Callable[[Server], str],
    monkeypatch: pytest.MonkeyPatch,
    there: Server | None,
    endpoint: str,
    proxy: str,
    uncertain: bool,
) -> None:
    address = listening(there) if there else "127.0.0.1:9"
    for name in ("http_proxy", "https_proxy") if proxy else ():
        monkeypatch.setenv(name, proxy.format(address))
    aws_config = {**ONCE, "read_timeout": 0.2}
    failure = failure_of(edge(endpoint_url=endpoint.format(address), aws_config=aws_config))
    assert failure.uncertain is uncertain, failure


def test_an_error_that_is_being_handled_meanwhile_settles_nothing(
    ec2: LocalEC2, listening: t.Callable[[Server], str]
) -> None:
    dropping = edge(endpoint_url=f"http://{listening(Server(b''))}", aws_config=ONCE)
    found: list[Failure] = []
    try:
        edge(endpoint_url="http://127.0.0.1:9", aws_config=ONCE).call("us-east-1", "describe_regions")
    except EC2Error as unreached:
        found = [unreached.failure, failure_of(dropping)]
    assert [failure.uncertain for failure in found] == [False, True]


def test_a_name_that_no_host_has_leaves_no_doubt(ec2: LocalEC2, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: t.Any) -> t.NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    failure = failure_of(edge(endpoint_url="http://nowhere.internal", aws_config=ONCE))
    assert (failure.code, failure.uncertain) == ("EndpointConnectionError", False)


PATIENCE: dict[str, tuple[Json, float]] = {
    # aws_config: the seconds that a run waits at most for connections
    "by default": ({}, 60),
    "with fewer attempts": ({"retries": {"total_max_attempts": 2}}, 12),
    "with a timeout": ({"connect_timeout": 30, "retries": {"total_max_attempts": 3}}, 90),
}


@pytest.mark.parametrize(("aws_config", "seconds"), PATIENCE.values(), ids=list(PATIENCE))
def test_a_region_that_cannot_be_reached_is_given_up(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, aws_config: Json, seconds: float
) -> None:
    waited: list[float] = []

    def hang(_address: t.Any, timeout: float, *_options: t.Any, **_others: t.Any) -> t.NoReturn:
        waited.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("urllib3.util.connection.create_connection", hang)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    result = run(endpoint_url="http://192.0.2.1", **({"aws_config": aws_config} if aws_config else {}))
    assert "DescribeImages: ConnectTimeoutError" in result["msg"]
    assert seconds / 2 < sum(waited) <= seconds


# What a proxy's credentials may not end up in.

SECRET = "Sq8wJalrXUtnFEMIK7MDENG"
MARKS = st.text(st.sampled_from("/?#@%: \\[]&=+'\"é\t"), max_size=3) | st.sampled_from(["%2F", "%40", "%zz", "\n"])
SCHEMES = ["http://", "https://", "HTTP://", "//", "", "http:", "socks5://", "http:///"]
ENDS = ["@127.0.0.1:9", "@127.0.0.1:9/", "@[::1]:9", "@", "", "@127.0.0.1:9/?a=b#c"]


@st.composite
def proxies(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return the URL of a proxy, and its secrets: two words in the user's name, and two in the password."""
    secrets = [f"{SECRET}{letter}" for letter in "abcd"]
    first, second, third, fourth, fifth = draw(st.tuples(MARKS, MARKS, MARKS, MARKS, MARKS))
    user = f"{secrets[0]}{first}{secrets[1]}{second}"
    password = f"{third}{secrets[2]}{fourth}{secrets[3]}{fifth}"
    return f"{draw(st.sampled_from(SCHEMES))}{user}:{password}{draw(st.sampled_from(ENDS))}", secrets


def quoted(secret: str, text: str) -> bool:
    spelled = {secret, secret.lower(), secret.upper(), base64.b64encode(secret.encode()).decode()[:-3]}
    return any(each in text for each in spelled)


@fuzz(100)
@given(proxies())
def test_an_error_that_quotes_a_proxys_credentials_is_recognized(of: tuple[str, list[str]]) -> None:
    proxy, secrets = of
    request = AWSRequest("POST", "http://192.0.2.1", data=b"", stream_output=False).prepare()
    with pytest.raises(Exception) as caught:  # noqa: PT011 whatever it is, the edge catches it
        URLLib3Session(proxies={"http": proxy}, timeout=0.01).send(request)
    text = str(caught.value)
    assert Proxies(proxy).may_be_quoted_in(text) or not any(quoted(secret, text) for secret in secrets)
    assert not Proxies("http://proxy.example.org:3128").may_be_quoted_in(text)


@pytest.mark.parametrize("by", ["http_proxy", "HTTP_PROXY", "aws_config", "aws_config as text"])
@pytest.mark.parametrize("module", MODULES)
def test_a_proxys_credentials_are_never_shown(
    ec2: LocalEC2, run_module: Run, monkeypatch: pytest.MonkeyPatch, module: str, by: str
) -> None:
    secrets = [f"{SECRET}{letter}" for letter in "abc"]
    proxy = f"http://{secrets[0]}:{secrets[1]}/{secrets[2]}@127.0.0.1:9"
    aws_config: Json = dict(ONCE)
    if by.startswith("aws_config"):
        aws_config["proxies"] = {"http": proxy} if by == "aws_config" else proxy
    else:
        monkeypatch.setenv(by, proxy)
    with contextlib.suppress(ImportError, AttributeError):  # there since ansible-core 2.19
        monkeypatch.setattr("ansible.module_utils._internal._traceback.is_traceback_enabled", lambda _event: True)
    options = {**MODULES[module], "endpoint_url": "http://192.0.2.1", "aws_config": aws_config}
    result = run_module(module, **options, _ansible_verbosity=4)
    assert result["failed"]
    assert not any(quoted(secret, json.dumps(result)) for secret in secrets)


@pytest.mark.parametrize("module", MODULES)
def test_a_proxys_credentials_are_masked_where_another_option_is_invalid(run_module: Run, module: str) -> None:
    aws_config = {"proxies": {"http": f"http://bob:{SECRET}/ret@127.0.0.1:9"}}
    result = run_module(module, **MODULES[module], aws_config=aws_config, concurrency="abc", _ansible_verbosity=4)
    assert "concurrency" in result["msg"]
    assert SECRET not in json.dumps(result)


@pytest.mark.parametrize("value", [["111122223333"], "everybody", '["111122223333"]', 5, True], ids=repr)
def test_credentials_are_masked_where_a_dictionary_is_none(ec2: LocalEC2, run_module: Run, value: t.Any) -> None:
    """Ansible gives up looking for what it must mask at the first such value."""
    options = {"image_ids": ["ami-11111111"], "launch_permissions": value, "session_token": f"{SECRET}b"}
    result = run_module("ec2_ami_attribute", access_key="AKIAIOSFODNN7EXAMPLE", secret_key=f"{SECRET}a", **options)
    head, problem = result["msg"].split("\n")
    assert head == "1 problem in the task; nothing was sent to EC2:"
    assert problem.startswith("launch_permissions: ")
    assert problem.endswith(" is not a dictionary such as {user_ids: ['111122223333']}")
    assert SECRET not in json.dumps(result)
    assert ec2.requests() == []


def test_a_list_of_dictionaries_is_left_to_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that masks credentials is that of every module of amazon.aws in the same process."""
    devices = [{"name": "/dev/xvda"}]
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": {"devices": devices}}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    spec = {"devices": {"type": "list", "elements": "dict", "options": {"name": {"type": "str"}}}}
    assert _MaskingModule(argument_spec=spec).params == {"devices": devices}


def test_a_word_of_a_proxys_credentials_hides_no_more_than_it_must(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://bob:{SECRET}@127.0.0.1:9")
    result = run(endpoint_url="http://192.0.2.1", aws_config=ONCE)
    assert "ProxyConnectionError: Failed to connect to proxy" in result["msg"]


def test_what_to_do_about_a_malformed_proxy(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://bob:{SECRET}/ret@127.0.0.1:9")
    result = run(endpoint_url="http://192.0.2.1", aws_config=ONCE)
    assert "HTTP_PROXY" in result["msg"]
    assert "percent-encode it" in result["msg"]
