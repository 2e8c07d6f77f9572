# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The edge: the only file that touches boto3, and the one place where its errors become ours.

It sends what it is given, and knows neither images nor plans.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import re
import threading
import traceback
import typing as t
from collections import Counter
from urllib.parse import urlsplit

try:
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common import warnings
from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .plan import DRY_RUN_IGNORED
from .plan import Failure
from .proxies import Proxies

if t.TYPE_CHECKING:
    from .attribute import Attribute
    from .runtime import Response


DENIED = "UnauthorizedOperation"
DENIALS = (DENIED, "AccessDeniedException")  # of EC2, and of KMS
# More connections than this are of no use to a bucket of 100 requests, and urllib3 makes room for all of them at once.
MAX_CONNECTIONS = 256
_ATTEMPTS = 10
_CONNECT_TIMEOUT = 5  # seconds, so that ten attempts to reach a Region end within about a minute
_WOULD_SUCCEED = "DryRunOperation"
_ENCODED = "Encoded authorization failure message: "
_CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_WITHHELD = (
    "botocore's message is not shown, because it may contain part of a proxy's user name or password. If either of them"
    " contains a character such as / ? # @ %, percent-encode it (HTTP_PROXY, HTTPS_PROXY, or proxies in aws_config)"
)


def warn(text: str) -> None:
    """Warn as AnsibleModule does.

    AnsibleAWSModule returns warnings a second time, which Ansible deprecates (amazon.aws 10, ansible-core 2.19).
    """
    warnings.warn(text)


class _MaskingModule(AnsibleModule):  # type: ignore[misc]
    """AnsibleModule that masks credentials from the start: options that are invalid end up in a result too.

    ``misread`` are the options that were given something other than the dictionary they take. Ansible gives up looking
    for credentials at the first of them, and fails without naming it, so it sees an empty dictionary.
    """

    def _load_params(self) -> None:
        super()._load_params()
        # A list of dictionaries has options too, and is read by Ansible.
        specs = self.argument_spec.items()
        dictionaries = {option for option, spec in specs if spec.get("options") and spec.get("type") == "dict"}
        given = {option: value for option, value in self.params.items() if value is not None}
        self.misread = {option: given[option] for option in dictionaries & set(given) if not _is_dict(given[option])}
        self.params.update({option: {} for option in self.misread})
        asked = self.params.get("aws_config")
        proxies = asked.get("proxies") if isinstance(asked, dict) else asked
        self.no_log_values.update(Proxies(proxies).secret_options)


def _is_dict(value: t.Any) -> bool:
    """Tell whether Ansible would turn the value into a dictionary."""
    try:
        check_type_dict(value)
    except (TypeError, ValueError):
        return False
    return True


# amazon.aws 10 takes the argument module_class and ignores it: it makes what its defaults name.
AnsibleAWSModule.default_settings["module_class"] = _MaskingModule


class EC2Error(AnsibleAWSError):
    """EC2, or the way to it, failed. ``failure`` keeps EC2's code, message and request id."""

    def __init__(self, failure: Failure, exception: Exception | None = None) -> None:
        super().__init__(message=f"{failure.operation} failed", exception=exception)  # type: ignore[no-untyped-call]
        self.failure = failure


class _Attempts(threading.local):
    """``unsettled``: how many attempts of this thread's latest call EC2 may have carried out without confirming."""

    unsettled = 0


class EC2:
    """EC2 in every Region that a task names: one session, a client for each service and Region.

    ``region`` is the task's. ``endpoint_region`` is the only Region that the task's ``endpoint_url`` serves, or None if
    that is not the address of EC2 in one Region.
    """

    def __init__(self, module: AnsibleAWSModule, concurrency: int) -> None:
        self._proxies = Proxies((module.params.get("aws_config") or {}).get("proxies"))
        # The result also contains the task's options (-vvv, register), which are parsed by now.
        module.no_log_values.update(self._proxies.secret_options)
        region, endpoint, parameters = self._connect(get_aws_connection_info, module)
        # EC2 meters each action by a token bucket (EC2 Developer Guide, "Request throttling"). The adaptive mode slows
        # down to what the bucket lets through once it is empty; the others would spend their retries on an empty one.
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
            connect_timeout=_CONNECT_TIMEOUT,
            max_pool_connections=max(1, min(concurrency, MAX_CONNECTIONS)),
            user_agent_extra="amikit.aws",
        )
        asked = parameters.get("aws_config")
        self._config = config.merge(asked) if asked else config
        # A client checks that credentials are complete; a session given them does not.
        self._options = {name: parameters.get(name) for name in (*_CREDENTIALS, "verify")}
        _refuse_odd_characters({name: self._options[name] for name in _CREDENTIALS})
        self._core = botocore.session.get_session()
        self._session = self._connect(
            boto3.session.Session, botocore_session=self._core, profile_name=parameters.get("profile_name")
        )
        self.region: str | None = region or self._session.region_name
        self._endpoint: str | None = endpoint or None
        self._endpoint_is_of_aws, self.endpoint_region = _aws_address(self._core, endpoint or "")
        self._clients: dict[tuple[str, str, bool, bool], t.Any] = {}
        # A boto3 session may not make two clients at a time.
        self._lock = threading.Lock()
        self._decodes = True
        self._attempts = _Attempts()
        # Requests that were throttled, by Region.
        self.throttled: Counter[str] = Counter()

    def call(
        self,
        region: str,
        operation: str,
        *,
        service: str = "ec2",
        patient: bool = True,
        once: bool = False,
        **arguments: t.Any,
    ) -> Response:
        """Send one request and return the response; raise EC2Error.

        ``operation`` is boto3's name for it. A DryRun that EC2 says would have succeeded returns an empty response.
        What a run does not need to know is not ``patient``: there may be no way to that service. What is sent ``once``
        is not sent again by botocore, however it is answered.
        """
        client = self._client(service, region, patient=patient, once=once)
        action = client.meta.method_to_api_mapping[operation]
        dry_run = arguments.get("DryRun", False)
        self._attempts.unsettled = 0
        try:
            response: Response = getattr(client, operation)(**arguments)
        except ClientError as error:
            if dry_run and error.response.get("Error", {}).get("Code") == _WOULD_SUCCEED:
                return {}
            raise _refused(action, error, uncertain=self._attempts.unsettled > 0) from error
        except Exception as error:  # noqa: BLE001 whatever it is, it is reported as EC2's failure
            raise self._unanswered(action, error, uncertain=self._attempts.unsettled > 0) from None
        if dry_run:
            message = (
                "This endpoint ignored DryRun and carried out the request; nothing more was sent. Do not use check mode"
                " or preflight with it"
            )
            raise EC2Error(Failure(action, DRY_RUN_IGNORED, message))
        return response

    def lacks(self, region: str, operations: t.Iterable[str]) -> list[str]:
        """Return the operations, by boto3's names, that this botocore does not know; raise EC2Error."""
        known = self._client("ec2", region).meta.method_to_api_mapping
        return [operation for operation in operations if operation not in known]

    def too_old_for(self, region: str, attributes: t.Iterable[Attribute]) -> dict[str, str]:
        """Return the options of attributes that this botocore cannot change, each with a message; raise EC2Error."""
        lacking = {each.option: self.lacks(region, each.operations) for each in attributes if each.operations}
        return {
            option: f"the installed botocore is too old: it does not know {', '.join(operations)}. Upgrade boto3"
            for option, operations in lacking.items()
            if operations
        }

    def pages(self, region: str, operation: str, **arguments: t.Any) -> t.Iterator[Response]:
        """Yield the pages of a response until EC2 names no next one; a page may be empty."""
        token: dict[str, t.Any] = {}
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
            client = self._client("sts", region, patient=False)
            answer = client.decode_authorization_message(EncodedMessage=encoded.strip())
            decoded: dict[str, t.Any] = json.loads(answer["DecodedMessage"])
        except Exception:  # noqa: BLE001 a failure that is reported already gets no second one
            self._decodes = False
            return None
        return decoded

    def dns_suffix(self, region: str) -> str:
        """Return what the host names of AWS end in, in that Region."""
        partitions = _partitions(self._core)
        found = (part["outputs"]["dnsSuffix"] for part in partitions if re.search(part["regionRegex"], region))
        return str(next(found, "amazonaws.com"))

    def _client(self, service: str, region: str, *, patient: bool = True, once: bool = False) -> t.Any:
        kind = service, region, patient, once
        with self._lock:
            if kind not in self._clients:
                # The model of a service is some hundred thousand objects that live as long as the client does: left to
                # the garbage collector, it walks them again and again while they are read and a fleet is worked on.
                gc.disable()
                try:
                    self._clients[kind] = self._make_client(service, region, patient=patient, once=once)
                finally:
                    gc.freeze()
                    gc.enable()
            return self._clients[kind]

    def _make_client(self, service: str, region: str, *, patient: bool, once: bool) -> t.Any:
        config, endpoint = self._config, self._endpoint
        if not patient:
            # A network may let only EC2 through, so waits for what merely adds detail are short.
            config = config.merge(Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=5))
        if once:
            config = config.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
        if service != "ec2" and (self._endpoint_is_of_aws or self._connect(self._has_endpoint_of_its_own, service)):
            endpoint = None
        client = self._connect(
            self._session.client, service, region_name=region, config=config, endpoint_url=endpoint, **self._options
        )
        self._refuse_endpoint(client)
        client.meta.events.register("before-send", self._attempt_begins)
        if patient:
            client.meta.events.register("response-received", functools.partial(self._count_throttled, region))
        client.meta.events.register("response-received", self._attempt_ends)
        return client

    def _has_endpoint_of_its_own(self, service: str) -> bool:
        """Tell whether botocore is configured with an endpoint for this service alone.

        See "Service-specific endpoints" in the AWS SDKs and Tools Reference Guide.
        """
        ignored = self._config.ignore_configured_endpoint_urls
        if self._core.get_config_variable("ignore_configured_endpoint_urls") if ignored is None else ignored:
            return False
        name = service.replace("-", "_")
        if os.environ.get(f"AWS_ENDPOINT_URL_{name.upper()}"):
            return True
        services = self._core.full_config.get("services", {}).get(self._core.get_scoped_config().get("services"), {})
        return bool(services.get(name, {}).get("endpoint_url"))

    def _refuse_endpoint(self, client: t.Any) -> None:
        url, region = client.meta.endpoint_url, client.meta.region_name
        served = _aws_address(self._core, url)[1]
        if "@" in url:
            # Nothing would use them, and botocore's errors quote parts of the URL.
            message = "endpoint_url: has a user name or a password, which EC2 does not accept; remove it"
        elif served not in (None, region) and client.meta.service_model.service_name == "ec2":
            # The option was checked before, so it comes from the environment or from the configuration file.
            message = (
                f"the endpoint configured for EC2 ({urlsplit(url).hostname}) serves {served}, not {region}; remove it"
                " from the environment or the profile, or work only in its Region"
            )
        else:
            return
        raise EC2Error(Failure("Connect", "InvalidEndpoint", message))

    def _count_throttled(self, region: str, parsed_response: Response | None = None, **_arguments: t.Any) -> None:
        if is_throttled((parsed_response or {}).get("Error", {}).get("Code") or ""):
            with self._lock:
                self.throttled[region] += 1

    def _attempt_begins(self, **_arguments: t.Any) -> None:
        self._attempts.unsettled += 1

    def _attempt_ends(
        self, parsed_response: Response | None = None, exception: Exception | None = None, **_arguments: t.Any
    ) -> None:
        if _was_refused(parsed_response) if parsed_response else exception and not _was_connected(exception):
            self._attempts.unsettled -= 1

    def _connect(self, connect: t.Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> t.Any:
        try:
            return connect(*arguments, **options)
        except Exception as error:  # noqa: BLE001 whatever it is, it is reported as a failure to connect
            raise self._unanswered("Connect", error) from None

    def _unanswered(self, action: str, error: Exception, *, uncertain: bool = False) -> EC2Error:
        """Return an EC2Error for what was raised in place of an answer.

        Raise it without its cause, whose text would appear in tracebacks: a URL may contain credentials, and so does a
        header that is quoted because it is invalid.
        """
        text = re.sub(r"\S*:.*@", "***@", str(error), flags=re.DOTALL)
        if "Invalid header value" in text:
            text = "A credential or the Region makes an invalid header"
        elif self._proxies.may_be_quoted_in(str(error)):
            text = _WITHHELD
        return EC2Error(Failure(action, type(error).__name__, text, uncertain=uncertain))


def _aws_address(core: t.Any, url: str) -> tuple[bool, str | None]:
    """Tell whether a URL is an AWS address and, if it is an endpoint of EC2, which Region it serves.

    VPC, FIPS and dual-stack endpoints are AWS addresses. So are instances and load balancers, but they serve no Region.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False, None
    partitions = _partitions(core)
    domains = {part["outputs"][name] for part in partitions for name in ("dnsSuffix", "dualStackDnsSuffix")}
    if not host.endswith(tuple(f".{domain}" for domain in domains)):
        return False, None
    names = host.split(".")
    patterns = [part["regionRegex"] for part in partitions]
    regions = [name for name in names if any(re.search(pattern, name) for pattern in patterns)]
    return True, regions[0] if regions and ("ec2" in names or "ec2-fips" in names) else None


def _partitions(core: t.Any) -> list[dict[str, t.Any]]:
    partitions: list[dict[str, t.Any]] = core.get_component("data_loader").load_data("partitions")["partitions"]
    return partitions


def _refuse_odd_characters(options: t.Mapping[str, t.Any]) -> None:
    # They end up in a header, and Python's refusal of the header quotes all of it, credentials included.
    odd = [name for name, value in options.items() if isinstance(value, str) and re.search(r"[^!-~]", value)]
    if odd:
        message = (
            f"{', '.join(odd)}: has whitespace, such as the line break of a YAML block (|), or a character that no"
            " credential has; write it on one line"
        )
        raise EC2Error(Failure("Connect", "InvalidCredentials", message))


def _refused(action: str, error: ClientError, *, uncertain: bool) -> EC2Error:
    answered = error.response.get("Error", {})
    request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
    code, message = answered.get("Code") or "Unknown", answered.get("Message") or ""
    return EC2Error(Failure(action, code, message, request_id, uncertain=uncertain), error)


def _was_refused(response: Response) -> bool:
    """Tell whether an answer means that nothing was done.

    A server error may come after the work was done; a denial, or an empty token bucket, comes before it.
    """
    code = response.get("Error", {}).get("Code") or ""
    refused_first = code in DENIALS or "LimitExceeded" in code or is_throttled(code)
    return refused_first or response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) < 500


def is_throttled(code: str) -> bool:
    return code == "RequestLimitExceeded" or "Throttl" in code


def _was_connected(error: Exception) -> bool:
    """Tell whether a request may have been sent before the error: not if there was no connection to send it over.

    The class of the error does not show it: a proxy that demands a password (407) raises ConnectionClosedError, and so
    does a server that drops the connection after doing the work. What shows it is whether urllib3 had left connect().
    """
    modules: set[str] = set()
    functions: set[str] = set()
    cause: BaseException | None = getattr(error, "kwargs", {}).get("error")
    while cause is not None:
        frames = [frame for frame, _line in traceback.walk_tb(cause.__traceback__)]
        if not frames or not frames[0].f_globals["__name__"].startswith(("botocore.", "urllib3.")):
            break  # the rest is not from this request: it was being handled when the request was made
        modules.update(frame.f_globals["__name__"] for frame in frames)
        functions.update(frame.f_code.co_name for frame in frames)
        cause = cause.__cause__ or cause.__context__
    sent = modules & {"urllib3.connectionpool", "urllib3.response"}
    return not modules or (bool(sent) and "connect" not in functions)
