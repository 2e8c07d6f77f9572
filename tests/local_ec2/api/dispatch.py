# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's EC2 with the operations of this package in place of its own.

Only the joint to moto lives here: which actions are ours, authorization, and the form of the answer.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

import moto.ec2.urls
import moto.kms.urls
import moto.organizations.urls
import moto.servicequotas.urls
import moto.sts.urls
from botocore.model import OperationNotFoundError
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response

from local_ec2.api import attribute_writes
from local_ec2.api import errors
from local_ec2.api import image_reads
from local_ec2.api import lifecycle
from local_ec2.api import public_access
from local_ec2.api import snapshot_reads
from local_ec2.api import tags
from local_ec2.api.errors import Ec2Error
from local_ec2.api.markup import Value
from local_ec2.api.markup import content
from local_ec2.api.markup import element
from local_ec2.api.parameters import check_parameters
from local_ec2.api.steps import Call
from local_ec2.services.iam import Ec2Request
from local_ec2.services.iam import LocalTokenResponse
from local_ec2.services.kms import LocalKmsResponse
from local_ec2.services.organizations import LocalOrganizationsResponse
from local_ec2.services.quotas import LocalQuotasResponse
from local_ec2.state import images
from local_ec2.state import keys
from local_ec2.state import snapshots
from local_ec2.state.current import STATE
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.common_types import TYPE_RESPONSE
    from moto.core.request import Request
    from moto.core.responses import ActionResult

    from local_ec2.state.images import Image

NAMESPACE = ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'

OPERATIONS: dict[str, Callable[[Call], Value]] = {
    "ModifyImageAttribute": attribute_writes.modify_image_attribute,
    "ResetImageAttribute": attribute_writes.reset_image_attribute,
    "DisableImage": lifecycle.disable_image,
    "EnableImage": lifecycle.enable_image,
    "EnableImageDeprecation": lifecycle.enable_image_deprecation,
    "DisableImageDeprecation": lifecycle.disable_image_deprecation,
    "EnableImageDeregistrationProtection": lifecycle.enable_image_deregistration_protection,
    "DisableImageDeregistrationProtection": lifecycle.disable_image_deregistration_protection,
    "CancelImageLaunchPermission": lifecycle.cancel_image_launch_permission,
    "DeregisterImage": lifecycle.deregister_image,
    "CreateTags": tags.create_tags,
    "DeleteTags": tags.delete_tags,
    "EnableImageBlockPublicAccess": public_access.enable(IMAGE),
    "DisableImageBlockPublicAccess": public_access.disable(IMAGE),
    "GetImageBlockPublicAccessState": public_access.get(IMAGE),
    "DescribeImageAttribute": image_reads.describe_image_attribute,
    "DescribeImages": image_reads.describe_images,
    "ModifySnapshotAttribute": attribute_writes.modify_snapshot_attribute,
    "ResetSnapshotAttribute": attribute_writes.reset_snapshot_attribute,
    "EnableSnapshotBlockPublicAccess": public_access.enable(SNAPSHOT),
    "DisableSnapshotBlockPublicAccess": public_access.disable(SNAPSHOT),
    "GetSnapshotBlockPublicAccessState": public_access.get(SNAPSHOT),
    "DescribeSnapshotAttribute": snapshot_reads.describe_snapshot_attribute,
    "DescribeSnapshots": snapshot_reads.describe_snapshots,
}
# Actions whose permission is checked on the one image or snapshot; the others are checked on "*".
ON_ONE: dict[str, Sort] = {
    "DescribeImageAttribute": IMAGE,
    "ModifyImageAttribute": IMAGE,
    "ResetImageAttribute": IMAGE,
    "DisableImage": IMAGE,
    "EnableImage": IMAGE,
    "DeregisterImage": IMAGE,
    "EnableImageDeprecation": IMAGE,
    "DisableImageDeprecation": IMAGE,
    "EnableImageDeregistrationProtection": IMAGE,
    "DisableImageDeregistrationProtection": IMAGE,
    "CancelImageLaunchPermission": IMAGE,
    "DescribeSnapshotAttribute": SNAPSHOT,
    "ModifySnapshotAttribute": SNAPSHOT,
    "ResetSnapshotAttribute": SNAPSHOT,
}


class LocalEC2Response(EC2Response):
    """One EC2 request. moto makes an object of this class for each."""

    def _dispatch(self, request: Request, full_url: str | None = None, headers: Any = None) -> TYPE_RESPONSE:
        try:
            return super()._dispatch(request, full_url, headers)
        except Ec2Error as error:
            return self._refused(error)
        except OperationNotFoundError:
            return self._refused(Ec2Error(errors.UNKNOWN_ACTION, action=self._get_action()))
        except NotImplementedError as error:
            return self._refused(Ec2Error(errors.NOT_IMPLEMENTED, action=self._get_action(), reason=error))

    @staticmethod
    def _refused(error: Ec2Error) -> TYPE_RESPONSE:
        return error.status, {"content-type": "text/xml;charset=UTF-8"}, error.body()

    def parse_parameters(self, request: Request) -> None:
        """Our operations read the flat form: moto's parser takes seconds for ten thousand entries."""
        if self._operation() is None:
            super().parse_parameters(request)

    def _operation(self) -> Callable[[Call], Value] | None:
        """Ours, or None for one of moto's: tags of other resources are its own."""
        action = self._get_action()
        if action in tags.ACTIONS and not all(map(tags.sort_of, self._resource_ids())):
            return None
        return OPERATIONS.get(action)

    def _resource_ids(self) -> list[str]:
        return [values[0] for name, values in self.querystring.items() if name.startswith("ResourceId.")]

    def _determine_resource(self) -> str:
        sort = ON_ONE.get(self._get_action())
        if sort is None:
            return "*"
        resource_id = self.querystring.get(sort.parameter, [""])[0]
        if sort is SNAPSHOT and not self._get_action().startswith("Modify") and not self._knows(resource_id):
            resource_id = "*"  # Recorded.
        return f"arn:{self.partition}:ec2:{self.region}::{sort.name}/{resource_id}"

    def _resources(self) -> list[str]:
        """Tags may be changed on many resources at once, each of which must be allowed."""
        if self._get_action() not in tags.ACTIONS:
            return [self._determine_resource()]
        found = [(tags.sort_of(resource_id), resource_id) for resource_id in self._resource_ids()]
        return [f"arn:{self.partition}:ec2:{self.region}::{sort.name}/{name}" for sort, name in found if sort] or ["*"]

    def _knows(self, snapshot_id: str) -> bool:
        return snapshot_id in ec2_backends[self.current_account][self.region].snapshots

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        try:
            self._authenticate_and_authorize_action(Ec2Request, resource)
        except (KeyError, IndexError):  # moto's reading of an Authorization header that is absent or malformed.
            raise Ec2Error(errors.BAD_CREDENTIALS) from None

    def call_action(self) -> TYPE_RESPONSE:
        action = self._get_action()
        operation = self._operation()
        if operation is None:
            return super().call_action()
        form = {name: values[0] for name, values in self.querystring.items()}
        call = Call(action, form, self.current_account, self.region, self._denial())
        check_parameters(action, form)
        return self._answer(action, operation(call))

    def register_image(self) -> ActionResult:
        answer = super().register_image()
        made = cast("dict[str, str]", answer.result)
        cast("Image", self.ec2_backend.amis[made["ImageId"]]).registered(self._get_param)
        return answer

    def error_on_dryrun(self) -> None:
        """In moto's operations."""
        if not STATE.switches.ignore_dry_run:
            super().error_on_dryrun()

    def _denial(self) -> Ec2Error | None:
        """IAM's refusal, to be answered in its turn; bad credentials are refused at once."""
        try:
            for resource in self._resources():
                self._authenticate_and_authorize_normal_action(resource)
        except Ec2Error as error:
            if error.code != errors.UNAUTHORIZED.code:
                raise
            return error
        return None

    def _answer(self, action: str, value: Value) -> TYPE_RESPONSE:
        request_id = str(uuid.uuid4())
        body = f"<{action}Response{NAMESPACE}>{element('requestId', request_id)}{content(value)}</{action}Response>"
        headers = {**self.response_headers, "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": request_id}
        return 200, headers, body


def install() -> None:
    """Put our responses where moto's server looks for its own."""
    snapshots.install()
    images.install()
    keys.install()
    moto.ec2.urls.url_paths = {"{0}/": LocalEC2Response.dispatch}
    moto.kms.urls.url_paths = {"{0}/$": LocalKmsResponse.dispatch}
    moto.organizations.urls.url_paths = {"{0}/$": LocalOrganizationsResponse.dispatch}
    moto.servicequotas.urls.url_paths = {"{0}/$": LocalQuotasResponse.dispatch}
    moto.sts.urls.url_paths = {"{0}/$": LocalTokenResponse.dispatch}
