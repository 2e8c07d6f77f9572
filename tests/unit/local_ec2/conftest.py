# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ways to talk to the local EC2, and to be refused by it."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import ACCESS_KEY
from local_ec2.client import SECRET_KEY
from local_ec2.client import LocalEC2

SESSION = boto3.session.Session()
SIGNED_BY = (
    f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
)


@pytest.fixture
def connect(ec2: LocalEC2) -> Connect:
    """A boto3 client; ``attempts`` is how often botocore tries."""

    def make(
        service: str = "ec2", region: str = "us-east-1", principal: dict[str, str] | None = None, attempts: int = 1
    ) -> Any:
        keys = principal or {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        return SESSION.client(
            service,
            region_name=region,
            endpoint_url=ec2.url,
            aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"],
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
        )

    return make


@pytest.fixture
def api(connect: Connect) -> Any:
    """boto3's EC2 client in us-east-1, without retries."""
    return connect()


@pytest.fixture
def refusal() -> Callable[..., Refusal]:
    """Make a call that must fail; how EC2 refused it."""

    def call(operation: Callable[..., Any], **parameters: Any) -> Refusal:
        with pytest.raises(ClientError) as caught:
            operation(**parameters)
        error = caught.value.response["Error"]
        return caught.value.response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]

    return call


@pytest.fixture
def post(ec2: LocalEC2) -> Callable[..., tuple[int, str]]:
    """Send a form that botocore would not; (HTTP status, body)."""

    def send(authorization: str = SIGNED_BY, /, **form: str) -> tuple[int, str]:
        request = urllib.request.Request(ec2.url + "/", urllib.parse.urlencode(form).encode(), method="POST")
        if authorization:
            request.add_header("Authorization", authorization)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return send


@pytest.fixture
def post_refused(post: Callable[..., tuple[int, str]]) -> Callable[..., Refusal]:
    def send(**form: str) -> Refusal:
        status, body = post(**form)
        found = re.search("<Code>(.*)</Code><Message>(.*)</Message>", body)
        assert found, body
        return status, found[1], found[2]

    return send
