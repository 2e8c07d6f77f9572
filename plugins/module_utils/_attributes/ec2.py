# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The edge: the only file that touches boto3, and the one place where its errors become ours.

It sends what it is told to, and knows neither images nor plans.
"""

from __future__ import annotations

import gc
import json
import re
import threading
import typing as t

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible.module_utils.common import warnings
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .plan import DRY_RUN_IGNORED
from .plan import Failure

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

    from .runtime import Response


DENIED = "UnauthorizedOperation"
# More connections than this are of no use to a bucket of 100 requests, and urllib3 makes room for all of them at once.
MAX_CONNECTIONS = 256
_WOULD_SUCCEED = "DryRunOperation"
_ENCODED = "Encoded authorization failure message: "
_CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def warn(text: str) -> None:
    """Warn as AnsibleModule does.

    AnsibleAWSModule returns warnings a second time, which Ansible deprecates (amazon.aws 10, ansible-core 2.19).
    """
    warnings.warn(text)


class EC2Error(AnsibleAWSError):
    """EC2, or the way to it, failed. ``failure`` keeps EC2's code, message and request id."""

    def __init__(self, failure: Failure, exception: Exception | None = None) -> None:
        super().__init__(message=f"{failure.operation} failed", exception=exception)  # type: ignore[no-untyped-call]
        self.failure = failure


class EC2:
    """EC2 in every Region that a task names: one session, a client for each service and Region."""

    def __init__(self, module: AnsibleAWSModule, concurrency: int) -> None:
        region, endpoint, parameters = _connect(get_aws_connection_info, module)
        # EC2 meters each action by a token bucket (EC2 Developer Guide, "Request throttling"). The adaptive mode slows
        # down to what the bucket lets through once it is empty; the others would spend their retries on an empty one.
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": 10},
            max_pool_connections=max(1, min(concurrency, MAX_CONNECTIONS)),
            user_agent_extra="amikit.aws",
        )
        asked = parameters.get("aws_config")
        self._config = config.merge(asked) if asked else config
        # A client checks that credentials are complete; a session given them does not.
        self._options = {name: parameters.get(name) for name in (*_CREDENTIALS, "verify")}
        self._options["endpoint_url"] = endpoint or None
        _refuse_odd_characters({name: self._options[name] for name in _CREDENTIALS})
        self._session = _connect(boto3.session.Session, profile_name=parameters.get("profile_name"))
        self.region: str | None = region or self._session.region_name
        self._clients: dict[tuple[str, str], t.Any] = {}
        # A boto3 session may not make two clients at a time.
        self._lock = threading.Lock()
        self._decodes = True

    def call(self, region: str, operation: str, *, service: str = "ec2", **arguments: t.Any) -> Response:
        """Send one request and return the response; raise EC2Error.

        ``operation`` is boto3's name for it. A DryRun that EC2 says would have succeeded returns an empty response.
        """
        client = self._client(service, region)
        action = client.meta.method_to_api_mapping[operation]
        dry_run = arguments.get("DryRun", False)
        try:
            response: Response = getattr(client, operation)(**arguments)
        except ClientError as error:
            if dry_run and error.response.get("Error", {}).get("Code") == _WOULD_SUCCEED:
                return {}
            raise _refused(action, error) from error
        except Exception as error:
            raise _unanswered(action, error) from error
        if dry_run:
            message = (
                "This endpoint does not know DryRun and carried the request out; nothing more was sent. Check mode"
                " cannot be used with it"
            )
            raise EC2Error(Failure(action, DRY_RUN_IGNORED, message))
        return response

    def pages(self, region: str, operation: str, **arguments: t.Any) -> t.Iterator[Response]:
        """Yield the pages of a response until EC2 names no next one; a page may be empty."""
        token: dict[str, str] = {}
        while True:
            page = self.call(region, operation, **arguments, **token)
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def decoded(self, region: str, failure: Failure) -> dict[str, t.Any] | None:
        """Return the decoded authorization message of a denial, or None when there is none or it may not be read."""
        _head, found, encoded = failure.message.partition(_ENCODED)
        if failure.code != DENIED or not found or not self._decodes:
            return None
        try:
            client = self._client("sts", region)
            answer = client.decode_authorization_message(EncodedMessage=encoded.strip())
            decoded: dict[str, t.Any] = json.loads(answer["DecodedMessage"])
        except Exception:  # noqa: BLE001 a failure that is told already gets no second one
            self._decodes = False
            return None
        return decoded

    def _client(self, service: str, region: str) -> t.Any:
        with self._lock:
            if (service, region) not in self._clients:
                # The model of a service is some hundred thousand objects that live as long as the client does: left to
                # the garbage collector, it walks them again and again while they are read and a fleet is worked on.
                gc.disable()
                try:
                    self._clients[service, region] = self._make_client(service, region)
                finally:
                    gc.freeze()
                    gc.enable()
            return self._clients[service, region]

    def _make_client(self, service: str, region: str) -> t.Any:
        config = self._config
        if service != "ec2":
            # Others only tell more than EC2 does. A network may have a way to EC2 and none to them: no long waits.
            config = config.merge(Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=5))
        client = _connect(self._session.client, service, region_name=region, config=config, **self._options)
        if "@" in client.meta.endpoint_url:
            # Nothing would use them, and botocore's errors quote parts of the URL.
            message = "endpoint_url: has a user name or a password, and EC2 takes neither there"
            raise EC2Error(Failure("Connect", "InvalidEndpoint", message))
        return client


def _connect(connect: t.Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> t.Any:
    try:
        return connect(*arguments, **options)
    except Exception as error:
        raise _unanswered("Connect", error) from error


def _refuse_odd_characters(options: t.Mapping[str, t.Any]) -> None:
    # They end up in a header, and Python's refusal of the header quotes all of it, credentials included.
    odd = [name for name, value in options.items() if isinstance(value, str) and re.search(r"[^!-~]", value)]
    if odd:
        message = (
            f"{', '.join(odd)}: has a blank or a line break, as a YAML block (|) brings, or a character that no"
            " credential has; write it on one line"
        )
        raise EC2Error(Failure("Connect", "InvalidCredentials", message))


def _refused(action: str, error: ClientError) -> EC2Error:
    told = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    code = told.get("Code") or "Unknown"
    # A server error may come after the work was done; a denial, or an empty token bucket, comes before it. What the
    # attempts before the last one have done, this answer does not tell.
    refused_first = code == DENIED or "LimitExceeded" in code or "Throttl" in code
    failed_late = metadata.get("HTTPStatusCode", 500) >= 500 and not refused_first
    uncertain = failed_late or metadata.get("RetryAttempts", 0) > 0
    failure = Failure(action, code, told.get("Message") or "", metadata.get("RequestId"), uncertain=uncertain)
    return EC2Error(failure, error)


def _unanswered(action: str, error: Exception) -> EC2Error:
    # A URL may carry credentials, and so does a header that is quoted because it is invalid.
    text = re.sub(r"\S*:.*@", "***@", str(error), flags=re.DOTALL)
    message = "A credential or the Region makes an invalid header" if "Invalid header value" in text else text
    return EC2Error(Failure(action, type(error).__name__, message, uncertain=True), error)
