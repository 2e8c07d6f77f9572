# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The errors EC2 answers: code, text and HTTP status, in one table.

Only wording lives here; when an error applies is decided by the operations. Codes and texts are the ones in the EC2 API
reference ("Error codes") and in reports of real answers; the curly apostrophes and the space before a closing quote are
EC2's own.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from local_ec2.api.markup import element


@dataclass(frozen=True)
class Kind:
    """A row of the table. ``text`` has its values in braces; ``status`` is the HTTP status."""

    code: str
    text: str
    status: int = 400


class Ec2Error(Exception):
    """One error answer: a row of the table, with its values filled in."""

    def __init__(self, kind: Kind, **values: object) -> None:
        self.code = kind.code
        self.message = kind.text.format(**values) if values else kind.text
        self.status = kind.status
        super().__init__(f"{self.code}: {self.message}")

    def body(self, service: str = "ec2") -> str:
        """What a client of ``service`` parses: EC2's XML, JSON, or the XML of the query protocol (sts, iam)."""
        error = {"Code": self.code, "Message": self.message}
        if service == "ec2":
            return element("Response", {"Errors": {"Error": error}, "RequestID": str(uuid.uuid4())})
        if service in IN_JSON:
            return json.dumps({"__type": self.code, "message": self.message})
        return element("ErrorResponse", {"Error": {"Type": "Sender", **error}, "RequestId": str(uuid.uuid4())})


# Access. One code, two statuses: AuthFailure is 401 for credentials and 400 for ownership.
BAD_CREDENTIALS = Kind("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
UNAUTHORIZED = Kind(
    "UnauthorizedOperation",
    "You are not authorized to perform this operation. User: {arn} is not authorized to perform: {action} on resource: "
    "{resource} {reason}. Encoded authorization failure message: {encoded}",
    403,
)
# What denials of block public access say (recorded): they name no resource and have no encoded message.
UNAUTHORIZED_SETTING = Kind(
    UNAUTHORIZED.code,
    "You are not authorized to perform this operation. User: {arn} is not authorized to perform: {action} {reason}",
    403,
)
DRY_RUN = Kind("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
NOT_OWNER = Kind("AuthFailure", "Not authorized for image:{id}")
WRONG_REGION = Kind("AuthFailure", "Credential should be scoped to a valid region.", 401)
RESTRICTED = Kind("AuthFailure", "Unauthorized attempt to access restricted resource")

# The server's side. EC2 lists RequestLimitExceeded among the server errors.
THROTTLED = Kind("RequestLimitExceeded", "Request limit exceeded.", 503)
INTERNAL = Kind("InternalError", "An internal error has occurred", 500)

# What services that speak JSON answer to credentials that they do not know.
BAD_TOKEN = Kind("UnrecognizedClientException", "The security token included in the request is invalid.")

# KMS API reference, "Common errors": what KMS answers where EC2 answers with the code that is the key.
IN_KMS = {
    BAD_CREDENTIALS.code: BAD_TOKEN,
    THROTTLED.code: Kind("ThrottlingException", "Rate exceeded"),
    INTERNAL.code: Kind("KMSInternalException", "An internal error has occurred", 500),
}

# KMS. Observed: the key that does not exist and its Region (nakedible/openssl-engine-kms#1), the alias
# (cloudposse/docs#152), an alias ARN in place of a key (ministryofjustice/modernisation-platform#8298), a denial
# (jbrt/ec2cryptomatic#26), the invalid principals, an ARN among them (aws-samples/aws-cross-account-cicd-pipeline#35),
# the lock-out, and that the message is empty for what is no JSON (aws/aws-sdk-ruby#1784). The rest has the words of
# the KMS API reference, or is worded like its neighbours.
KEY_DENIED = Kind(
    "AccessDeniedException", "User: {arn} is not authorized to perform: {action} on resource: {key} {reason}"
)
BAD_KMS_SIGNATURE = Kind("InvalidSignatureException", "The request signature we calculated does not match.")
KEY_ID = Kind("NotFoundException", "Invalid keyId {id}")
KEY_ARN = Kind("NotFoundException", "Invalid arn {region}")
KEY_NOT_FOUND = Kind("NotFoundException", "Key '{arn}' does not exist")
KEY_ALIAS_NOT_FOUND = Kind("NotFoundException", "Alias {arn} is not found.")
KEY_ALIAS = Kind("InvalidArnException", "Key Aliases are not supported for this operation")
KEY_NOT_MULTI_REGION = Kind("UnsupportedOperationException", "{arn} is not a multi-Region primary key.")
POLICY_NOT_FOUND = Kind("NotFoundException", "No such policy exists")
POLICY_OF_RAM = Kind("ValidationException", "The AWS_RAM policy can only be managed by the RAM service.")
POLICY_TOO_LONG = Kind(
    "LimitExceededException", "The request was rejected because a length constraint or quota was exceeded."
)
POLICY_CHARACTERS = Kind(
    "ValidationException",
    "1 validation error detected: Value '{value}' at 'policy' failed to satisfy constraint: Member must satisfy regular"
    " expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
)
POLICY_UNREADABLE = Kind("MalformedPolicyDocumentException", "")
POLICY_INEFFECTIVE = Kind(
    "MalformedPolicyDocumentException",
    "The request was rejected because the specified policy is not syntactically or semantically correct.",
)
POLICY_WITHOUT_PRINCIPAL = Kind("MalformedPolicyDocumentException", "Policy contains a statement with no principal.")
POLICY_BAD_PRINCIPAL = Kind(
    "MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals."
)
POLICY_BAD_ARN = Kind("InvalidArnException", "An ARN in the specified key policy is invalid.")
POLICY_LOCKS_OUT = Kind(
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
)

# Not AWS's: what this server lacks. botocore does not retry the status.
NOT_IMPLEMENTED = Kind("NotImplemented", "The embedded EC2 cannot do {action}: {reason}", 501)

# Service Quotas API reference, "Common errors".
IN_QUOTAS = {
    BAD_CREDENTIALS.code: BAD_TOKEN,
    THROTTLED.code: Kind("TooManyRequestsException", "Too Many Requests"),
    INTERNAL.code: Kind("ServiceException", "An internal error has occurred", 500),
}

# Organizations. Reported: the throttling (awslabs/aws-deployment-framework#752, aws/aws-sdk-js#2135 with its status),
# that an account may not list (awslabs/aws-innovation-sandbox#6), and that it is in no organization
# (org-formation/org-formation-cli#380). The codes of pages are recorded.
IN_ORGANIZATIONS = {
    BAD_CREDENTIALS.code: BAD_TOKEN,
    THROTTLED.code: Kind(
        "TooManyRequestsException",
        "AWS Organizations can't complete your request because another request is already in progress. Try again "
        "later.",
    ),
    INTERNAL.code: Kind("ServiceException", "An internal error has occurred", 500),
}
MAY_NOT_LIST = Kind("AccessDeniedException", "You don't have permissions to access this resource.")
IN_NO_ORGANIZATION = Kind("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
PAGE_SIZE = Kind("InvalidInputException", "You specified an invalid value.")
PAGE_TOKEN = Kind("InvalidInputException", "Invalid pagination token.")

#: The errors of services that speak JSON, by their signing name.
IN_JSON = {"kms": IN_KMS, "servicequotas": IN_QUOTAS, "organizations": IN_ORGANIZATIONS}

# Form of the request.
UNKNOWN_ACTION = Kind("InvalidAction", "The action {action} is not valid for this web service.")
UNKNOWN_PARAMETER = Kind("UnknownParameter", "The parameter {name} is not recognized")
MISSING_PARAMETER = Kind("MissingParameter", "The request must contain the parameter {name}")
NO_ATTRIBUTES = Kind("InvalidParameterCombination", "No attributes specified.")
NO_OPERATION = Kind("InvalidParameterCombination", "No operation specified for {name} attribute.")
SEVERAL_ATTRIBUTES = Kind("InvalidParameterCombination", "Fields for multiple attribute types specified: {names}")
ONE_OPERATION = Kind("InvalidParameterCombination", "One and only one operation type may be specified for {name}s")
NULL_ATTRIBUTE = Kind(
    "MissingParameter", "Value for parameter attribute is invalid. Parameter may not be null or empty."
)
UNRECOGNIZED_ATTRIBUTE = Kind("InvalidParameterValue", "Unrecognized attribute.")
UNSUPPORTED_ATTRIBUTE = Kind("InvalidParameter", "Parameter {name} is invalid. The attribute is not supported")
INVALID_ATTRIBUTE = Kind("InvalidRequest", "The request received was invalid.")
TOO_MANY_ENTRIES = Kind("InvalidParameterValue", "Modification size must not be greater than {limit}.")
INVALID_VALUE = Kind("InvalidParameterValue", "Value ({value}) for parameter {name} is invalid. {reason}")
BAD_USER = Kind("InvalidAMIAttributeItemValue", 'Invalid attribute item value "{value} " for userId item type.')
BAD_GROUP = Kind("InvalidAMIAttributeItemValue", 'Invalid attribute item value "{value} " for UserGroup item type.')
BAD_ORGANIZATION = Kind(
    "InvalidAMIAttributeItemValue", 'Invalid attribute item value "{value}" for OrganizationArn item type.'
)
BAD_UNIT = Kind(
    "InvalidAMIAttributeItemValue", 'Invalid attribute item value "{value}" for OrganizationalUnitArn item type.'
)

# Reading many images.
MAX_RESULTS_WITH_IDS = Kind(
    "InvalidParameterCombination", "The parameter {name}IdsSet cannot be used with the parameter maxResults"
)
MAX_RESULTS_RANGE = Kind(
    "InvalidParameterValue", "Invalid value '{value}' for maxResults. Expecting a value {expected}."
)
BAD_TOKEN = Kind("InvalidPaginationToken", "The specified pagination token is not valid or is expired.")
BAD_FILTER = Kind("InvalidParameterValue", "The filter '{name}' is invalid")
FILTER_VALUES = Kind(
    "InvalidParameterValue", "The filter '{name}' has {count} values; the maximum number of filter values is 200"
)
DISABLED_FILTER = Kind(
    "InvalidParameter",
    "When filtering by the 'disabled' state, 'IncludeDisabled' must be set to 'true' in the request.",
)
BAD_OWNER = Kind("InvalidUserID.Malformed", 'Invalid user id: "{value}"')

# The image.
MALFORMED_ID = Kind("InvalidAMIID.Malformed", 'Invalid id: "{id}" (expecting "ami-...")')
MALFORMED_ID_BODY = Kind("InvalidAMIID.Malformed", 'Invalid id: "{id}"')
NOT_FOUND = Kind("InvalidAMIID.NotFound", "The image id '[{id}]' does not exist")
NOT_FOUND_SEVERAL = Kind("InvalidAMIID.NotFound", "The image ids '[{ids}]' do not exist")
DEREGISTERED = Kind("InvalidAMIID.Unavailable", "The image ID '{id}' is no longer available")
WRONG_STATE = Kind(
    "InvalidAMIID.Unavailable",
    "The AMI ID '{id}' is currently {state} and may not be used for this operation",
)
PROTECTED = Kind(
    "OperationNotPermitted", "Image {id} can't be deregistered because deregistration protection is enabled."
)

PUBLIC_DEPRECATED = Kind(
    "OperationNotPermitted", "The deprecation of image {id} can't be disabled because the image is public."
)

# Tags.
TOO_MANY_TAGS = Kind("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
RESERVED_TAG = Kind("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")

# What an account may share.
PUBLIC_BLOCKED = Kind(
    "OperationNotPermitted",
    "You can\u2019t publicly share this image because block public access for AMIs is enabled for this account. To "
    "publicly share the image, you must call the DisableImageBlockPublicAccess API.",
)
PUBLIC_PRODUCT_CODE = Kind(
    "OperationNotPermitted", "Images with an Amazon Web Services Marketplace product code cannot be made public."
)
PUBLIC_ENCRYPTED = Kind(
    "UnsupportedOperation", "Encrypted snapshots can\u2019t be shared publicly. Specify another snapshot."
)
AWS_MANAGED_KEY = Kind(
    "InvalidParameter",
    "Snapshots encrypted with the AWS Managed CMK can\u2019t be shared. Specify another snapshot.",
)
PUBLIC_QUOTA = Kind(
    "ResourceLimitExceeded",
    "You have reached your quota of {quota} for the number of public images allowed in this Region. Deregister unused "
    "public images or make them private, or request an increase in your public AMIs quota.",
)
SHARING_QUOTA = Kind(
    "ResourceLimitExceeded",
    "You have reached your quota of {quota} for the number of entities an image is shared with.",
)

# Snapshots. Observed: the unknown id and the malformed one (cloud-custodian reads the id out of both texts), the state
# (tschellenbach/Snaptastic#17, for another action), the default key (hashicorp/packer#7499). Not observed, and worded
# like those of images: the owner, block public access, product codes. Of the rest only the refusal is documented.
SNAPSHOT_ID_SHAPE = Kind(
    "InvalidParameterValue", "Value ({id}) for parameter snapshotId is invalid. Expected: 'snap-...'."
)
SNAPSHOT_ID = Kind("InvalidSnapshotID.Malformed", 'Invalid id: "{id}"')
SNAPSHOT_ID_OF_ATTRIBUTE = Kind("InvalidSnapshotID.Malformed", "Value ( {id} ) for parameter SNAPSHOT is invalid. ")
SNAPSHOT_ID_OF_RESET = Kind("InvalidSnapshotID.Malformed", "The snapshot ID '{id}' is malformed")
SNAPSHOT_NOT_FOUND = Kind("InvalidSnapshot.NotFound", "The snapshot '{id}' does not exist.")
SNAPSHOT_BAD_USER = Kind("InvalidAMIAttributeItemValue", "UserId {value}")
SNAPSHOT_BAD_GROUP = Kind("InvalidAMIAttributeItemValue", "UserGroup {value}")
SNAPSHOT_BAD_LEGACY_USER = Kind("InvalidAMIAttributeItemValue", "UserId ({value}) is invalid.")
SNAPSHOT_BAD_LEGACY_GROUP = Kind("InvalidAMIAttributeItemValue", "UserGroup ({value}) is invalid.")
SNAPSHOT_WRONG_STATE = Kind("IncorrectState", "Snapshot '{id}' is not 'completed'.")
SNAPSHOT_PUBLIC_BLOCKED = Kind(
    "OperationNotPermitted",
    "You can\u2019t publicly share this snapshot because block public access for snapshots is enabled for this "
    "account. To publicly share the snapshot, you must call the DisableSnapshotBlockPublicAccess API.",
)
SNAPSHOT_PUBLIC_PRODUCT_CODE = Kind(
    "OperationNotPermitted", "Snapshots with an Amazon Web Services Marketplace product code cannot be made public."
)
SNAPSHOT_PUBLIC_ENCRYPTED = Kind("OperationNotPermitted", "Encrypted snapshots cannot be shared publicly.")
SNAPSHOT_AWS_MANAGED_KEY = Kind("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
