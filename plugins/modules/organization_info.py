#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_attributes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_info
version_added: 1.0.0
short_description: List the accounts and OUs of an organization
description:
  - Returns the accounts of the caller's organization, each with its name, its state and the organizational units (OUs)
    that it is in, and the OUs with their paths.
  - With these, a playbook can share AMIs with all accounts below an OU, find the ARN of an OU by its name, and show
    accounts by their names.
  - Only the management account and delegated administrators can list accounts and OUs. For any other account, the lists
    are empty, RV(error) says why, and the task succeeds with a warning. If only the tags may not be listed, all else is
    returned.
author:
  - The amikit contributors (@amikit)
options:
  organizational_units:
    description:
      - Whether to read the names of the OUs, which takes one request for the root and one for each OU.
      - Without them, RV(organizational_units) is empty and RV(accounts[].ou_path) is null.
        RV(accounts[].ou_ids) and RV(accounts[].org_unit_arns) are returned anyway.
    type: bool
    default: true
  tags:
    description: Whether to read the tags of the accounts, which takes one request for each account.
    type: bool
    default: false
notes:
  - "The module needs the IAM permissions C(organizations:DescribeOrganization), C(organizations:ListAccounts) and, with
    O(organizational_units), C(organizations:ListOrganizationalUnitsForParent). With O(tags), it also needs
    C(organizations:ListTagsForResource)."
  - Organizations returns 20 accounts at a time, so 500 accounts take 26 requests, and with 60 OUs another 61. The
    requests are sent one after the other, and again if Organizations is busy with another request.
  - "botocore before 1.42.80 does not return the OUs of an account. The module then lists the accounts and OUs below
    each OU. This takes about half as many requests again, and the permissions C(organizations:ListRoots) and
    C(organizations:ListAccountsForParent) as well. Where Organizations returns the OUs of most accounts and not of one,
    the module looks for those with C(organizations:ListParents)."
  - Organizations is one service for all Regions. O(region) says only to which partition the credentials belong.
seealso:
  - module: amikit.aws.ec2_ami_sharing
extends_documentation_fragment:
  - amikit.aws._attributes
  - amikit.aws._attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read the organization
  amikit.aws.organization_info:
  register: read

- name: Show the active accounts below an OU, at any depth
  ansible.builtin.debug:
    msg: "{{ read.accounts | selectattr('org_unit_arns', 'contains', prod.arn) | selectattr('state', 'eq', 'ACTIVE')
      | map(attribute='name') }}"
  vars:
    prod: "{{ read.organizational_units | selectattr('ou_path', 'eq', 'Workloads/Prod') | first }}"

- name: Read only the accounts
  amikit.aws.organization_info:
    organizational_units: false
"""

RETURN = r"""
organization:
  description: The organization.
  returned: success
  type: dict
  contains:
    id:
      description: The id of the organization.
      type: str
      returned: always
      sample: o-abcdefghij
    arn:
      description: The ARN of the organization, as launch permissions take it.
      type: str
      returned: always
      sample: arn:aws:organizations::123456789012:organization/o-abcdefghij
    management_account_id:
      description: The management account.
      type: str
      returned: always
      sample: "123456789012"
accounts:
  description: The accounts, sorted by id. Empty if the caller may not list them.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the account.
      type: str
      returned: always
      sample: "111122223333"
    name:
      description: The name of the account.
      type: str
      returned: always
      sample: payments-prod
    state:
      description: The state, such as V(ACTIVE), V(SUSPENDED) or V(CLOSED).
      type: str
      returned: always
      sample: ACTIVE
    arn:
      description: The ARN of the account.
      type: str
      returned: always
      sample: arn:aws:organizations::123456789012:account/o-abcdefghij/111122223333
    ou_path:
      description:
        - The names of the OUs that the account is in, from the top, joined by V(/). Empty if it is directly below the
          root. Null without O(organizational_units).
        - A name can itself contain V(/). If one does, use RV(accounts[].ou_ids).
      type: str
      returned: always
      sample: Workloads/Prod
    ou_ids:
      description: The ids of the OUs that the account is in, from the nearest up.
      type: list
      elements: str
      returned: always
      sample: [ou-ab12-prodprod, ou-ab12-workload]
    org_unit_arns:
      description: The ARNs of these OUs, as launch permissions take them, in the same order.
      type: list
      elements: str
      returned: always
      sample:
        - arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-prodprod
        - arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-workload
    tags:
      description: The tags of the account. Null if the caller may not list them.
      type: dict
      returned: with O(tags)
      sample: {stage: prod}
organizational_units:
  description: The OUs, sorted by path. Empty without O(organizational_units), or if the caller may not list them.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the OU.
      type: str
      returned: always
      sample: ou-ab12-prodprod
    arn:
      description: The ARN of the OU, as launch permissions take it.
      type: str
      returned: always
      sample: arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-prodprod
    name:
      description: The name of the OU.
      type: str
      returned: always
      sample: Prod
    ou_path:
      description: The names of the OUs above it and its own, joined by V(/).
      type: str
      returned: always
      sample: Workloads/Prod
error:
  description: Why nothing is listed, or why the tags are null. The structure is that of
    RV(amikit.aws.ec2_ami_attribute#module:images[].error).
  returned: if the caller may not list accounts, OUs or tags
  type: dict
  contains:
    operation:
      description: The API operation that failed.
      type: str
      returned: always
      sample: ListAccounts
    code:
      description: The error code.
      type: str
      returned: always
      sample: AccessDeniedException
    message:
      description: The message.
      type: str
      returned: always
      sample: You don't have permissions to access this resource.
    request_id:
      description: The id of the request, or null if there is none.
      type: str
      returned: always
    predicted:
      description: Always false, because the request was sent.
      type: bool
      returned: always
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2Error
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import warn
from ansible_collections.amikit.aws.plugins.module_utils._attributes.organization import GLOBAL
from ansible_collections.amikit.aws.plugins.module_utils._attributes.organization import read
from ansible_collections.amikit.aws.plugins.module_utils._attributes.result import failure_text
from ansible_collections.amikit.aws.plugins.module_utils._attributes.session import session

ARGUMENT_SPEC: dict[str, t.Any] = {
    "organizational_units": {"type": "bool", "default": True},
    "tags": {"type": "bool", "default": False},
}


def main() -> t.NoReturn:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    try:
        ec2 = EC2(module, 1)
        with session(ec2, 1) as runtime:
            region = ec2.region or GLOBAL
            found, warnings = read(runtime, region, units=params["organizational_units"], tags=params["tags"])
    except EC2Error as error:
        module.fail_json(msg=failure_text(error.failure))
    for warning in warnings:
        warn(warning)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
