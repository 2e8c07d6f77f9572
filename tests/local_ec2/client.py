# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starting, steering and stopping a local EC2 from tests, the demo and the benchmark.

Only the standard library may be used here: what drives the server need not have moto installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self  # of Python 3.11, while the tests run on 3.10 as well

READY = "LOCAL_EC2 "
# Long and odd, because Ansible masks credentials wherever their text appears in its output.
ACCESS_KEY = "AKIAZQ3WLOCALEC2FAKE"
SECRET_KEY = "local-ec2-does-not-check-this-secret-key"


class LocalEC2Error(Exception):
    """The server did not start, or refused what the control API was asked."""


class LocalEC2:
    """One server process, or with ``url`` a server that runs already. Use it as a context manager."""

    def __init__(self, *, seed: bool = False, python: str = sys.executable, url: str = "") -> None:
        self.url = url
        self._seed = seed
        self._python = python
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start the server on a free port and return when it answers."""
        command = [self._python, "-m", "local_ec2", "--ready-line", "--until-stdin-closes"]
        paths = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            command + (["--seed"] if self._seed else []),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(READY):
            self.stop()
            raise LocalEC2Error(f"the local EC2 did not start: {line.strip() or 'see its error output above'}")
        self.url = line.removeprefix(READY).strip()
        return self

    def stop(self) -> None:
        """Stop the server; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self if self.url else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id, 0 when it was not started here."""
        return self._process.pid if self._process else 0

    def environment(self, principal: dict[str, str] | None = None, region: str = "us-east-1") -> dict[str, str]:
        """Variables that point any AWS client here, with the keys of ``principal`` or keys that IAM does not know."""
        keys = principal or {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        return environment(self.url, keys["access_key"], keys["secret_key"], region)

    def reset(self) -> None:
        """Forget images, requests, switches and principals."""
        self._call("POST", "reset")

    def seed(self, *images: dict[str, Any]) -> list[dict[str, Any]]:
        """Make images; answers [{image_id, region, snapshot_ids}] in the same order."""
        created: list[dict[str, Any]] = self._call("POST", "images", list(images))
        return created

    def image(self, image_id: str, region: str | None = None, account: str | None = None) -> dict[str, Any] | None:
        """The truth {image_id, region, state, description, imds_support, launch_permissions}; None if it is gone."""
        return self._truth("images", image_id=image_id, region=region, account=account)

    def seed_snapshots(self, *snapshots: dict[str, Any]) -> list[dict[str, Any]]:
        """Make snapshots that belong to no image; answers [{snapshot_id, region}] in the same order."""
        created: list[dict[str, Any]] = self._call("POST", "snapshots", list(snapshots))
        return created

    def snapshot(
        self, snapshot_id: str, region: str | None = None, account: str | None = None
    ) -> dict[str, Any] | None:
        """The truth {snapshot_id, region, state, encrypted, kms_key_id, create_volume_permissions}, of images' too."""
        return self._truth("snapshots", snapshot_id=snapshot_id, region=region, account=account)

    def seed_keys(self, *keys: dict[str, Any]) -> list[dict[str, Any]]:
        """Make KMS keys; answers [{key_id, arn, region, replica_arns}] in the same order."""
        created: list[dict[str, Any]] = self._call("POST", "keys", list(keys))
        return created

    def key(self, arn: str) -> dict[str, Any] | None:
        """The truth {key_id, arn, state, manager, aliases, policy}, the policy as an object; None if there is none."""
        return self._truth("keys", arn=arn)

    def seed_organization(self, **organization: Any) -> dict[str, Any]:
        """Make an organization, without arguments that of ``--seed``; answers {arn, units: {path: arn}}."""
        created: dict[str, Any] = self._call("POST", "organizations", organization)
        return created

    def role(self, name: str, account: str | None = None) -> str:
        """Make an IAM role, which key policies can name; answers its ARN."""
        return str(self._call("POST", "roles", {"name": name, "account": account})["arn"])

    def delete_role(self, arn: str) -> None:
        """Key policies that name the role show it as AROA… from now on, and are refused if they are put back."""
        self._call("DELETE", f"roles?{urllib.parse.urlencode({'arn': arn})}")

    def _truth(self, route: str, **query: str | None) -> dict[str, Any] | None:
        given = {name: value for name, value in query.items() if value}
        try:
            found: dict[str, Any] = self._call("GET", f"{route}?{urllib.parse.urlencode(given)}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return found

    def requests(self, action: str | None = None) -> list[dict[str, Any]]:
        """The AWS requests in order of arrival, all or those of one action."""
        entries: list[dict[str, Any]] = self._call("GET", "requests")
        return [entry for entry in entries if action in (None, entry["action"])]

    def summary(self) -> dict[str, int]:
        """{action: number of requests}."""
        return {row["action"]: row["count"] for row in self._call("GET", "requests?summary=1")}

    def clear(self) -> None:
        """Forget the requests so far."""
        self._call("DELETE", "requests")

    def switch(self, **switches: Any) -> dict[str, Any]:
        """Set switches; answers all of them."""
        values: dict[str, Any] = self._call("PUT", "switches", switches)
        return values

    def switches(self) -> dict[str, Any]:
        values: dict[str, Any] = self._call("GET", "switches")
        return values

    def principal(self, name: str, policy: dict[str, Any] | None = None, account: str | None = None) -> dict[str, str]:
        """An IAM user with that inline policy: {name, arn, access_key, secret_key}. Turns IAM on."""
        body = {"name": name, "policy": policy, "account": account}
        created: dict[str, str] = self._call("POST", "principals", body)
        return created

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_local/{path}", data=data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with _DIRECT.open(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code == 400:
                raise LocalEC2Error(json.load(error)["error"]) from None
            raise


# The server is on loopback: a proxy of the environment must not be asked.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def environment(url: str, access_key: str, secret_key: str, region: str = "us-east-1") -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # In lower case, which every client reads and most prefer: a proxy of the environment must not be asked.
        "no_proxy": "127.0.0.1",
    }
