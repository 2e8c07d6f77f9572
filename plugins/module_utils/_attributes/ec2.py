# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The edge: the only file that touches boto3, and the one place where its errors become ours.

It sends what it is told to, and knows neither images nor plans.
"""

from __future__ import annotations

import gc
import json
import threading
import typing as t

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.exceptions import ClientError
    from botocore.parsers import ResponseParserError
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .plan import Failure

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

Response = t.Mapping[str, t.Any]

DENIED = "UnauthorizedOperation"
_WOULD_SUCCEED = "DryRunOperation"
_ENCODED = "Encoded authorization failure message: "


class EC2Error(AnsibleAWSError):
    """EC2, or the way to it, failed. ``failure`` keeps EC2's code, message and request id."""

    def __init__(self, failure: Failure, exception: Exception) -> None:
        super().__init__(message=f"{failure.operation} failed", exception=exception)  # type: ignore[no-untyped-call]
        self.failure = failure


class EC2:
    """EC2 in every Region that a task names: one session, a client for each service and Region."""

    def __init__(self, module: AnsibleAWSModule, concurrency: int) -> None:
        _dummy, endpoint, parameters = get_aws_connection_info(module)
        # EC2 meters each action by a token bucket (EC2 Developer Guide, "Request throttling"). The adaptive mode slows
        # down to what the bucket lets through once it is empty; the others would spend their retries on an empty one.
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": 10},
            max_pool_connections=concurrency,
            user_agent_extra="amikit.aws",
        )
        asked = parameters.pop("aws_config", None)
        self._config = config.merge(asked) if asked else config
        self._verify = parameters.pop("verify", None)
        self._endpoint = endpoint
        self._session = _connect(boto3.session.Session, **parameters)
        self._clients: dict[tuple[str, str], t.Any] = {}
        # A boto3 session may not make two clients at a time.
        self._lock = threading.Lock()

    def call(self, region: str, operation: str, *, service: str = "ec2", **arguments: t.Any) -> Response:
        """Send one request and return the response; raise EC2Error.

        ``operation`` is boto3's name for it. A DryRun that EC2 says would have succeeded returns an empty response.
        """
        client = self._client(service, region)
        try:
            response: Response = getattr(client, operation)(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == _WOULD_SUCCEED:
                return {}
            raise _refused(error) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise _unanswered(client.meta.method_to_api_mapping[operation], error) from error
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
        _dummy, found, encoded = failure.message.partition(_ENCODED)
        if failure.code != DENIED or not found:
            return None
        once = self._config.merge(Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=10))
        try:
            client = self._make_client("sts", region, once)
            answer = client.decode_authorization_message(EncodedMessage=encoded.strip())
            decoded: dict[str, t.Any] = json.loads(answer["DecodedMessage"])
        except (AnsibleAWSError, BotoCoreError, ClientError, ResponseParserError, ValueError):
            return None
        return decoded

    def _client(self, service: str, region: str) -> t.Any:
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make_client(service, region, self._config)
                # The model of a service is some hundred thousand objects that live as long as the client does: left to
                # the garbage collector, it walks them again and again while a fleet is worked on.
                gc.freeze()
            return self._clients[service, region]

    def _make_client(self, service: str, region: str, config: Config) -> t.Any:
        return _connect(
            self._session.client,
            service,
            region_name=region,
            endpoint_url=self._endpoint,
            verify=self._verify,
            config=config,
        )


def _connect(connect: t.Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> t.Any:
    # botocore raises a bare ValueError for a malformed endpoint_url.
    try:
        return connect(*arguments, **options)
    except (BotoCoreError, ValueError) as error:
        raise _unanswered("Connect", error) from error


def _refused(error: ClientError) -> EC2Error:
    told = error.response["Error"]
    metadata = error.response.get("ResponseMetadata", {})
    failure = Failure(
        error.operation_name,
        told["Code"],
        told.get("Message", ""),
        metadata.get("RequestId"),
        uncertain=metadata.get("HTTPStatusCode", 500) >= 500,
    )
    return EC2Error(failure, error)


def _unanswered(operation: str, error: Exception) -> EC2Error:
    return EC2Error(Failure(operation, type(error).__name__, str(error), uncertain=True), error)
