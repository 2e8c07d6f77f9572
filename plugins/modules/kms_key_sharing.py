#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_attributes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_key_sharing
version_added: 1.0.0
short_description: Manage who else can use the keys behind encrypted AMIs
description:
  - Lets accounts, organizations and organizational units (OUs) use customer managed KMS keys through EC2, so that they
    can launch and copy what is encrypted under those keys. Sharing an encrypted AMI or snapshot does not share its key,
    and without the key, a launch fails.
  - It does so in the key policy, in statements whose C(Sid) begins with C(AmikitSharing). Every other statement is left
    as it is. If the policy has something that the module could not write back unchanged, such as a member that is twice
    in one object, the key is refused with the code C(InexactPolicy).
  - If you leave out an option, the module leaves that as it is. Granting is additive. To revoke, you must say so.
  - Every key is read and planned before anything is changed. If one cannot be read, or a change is known to be refused,
    nothing is changed anywhere. Once changes have begun, the failure of one key does not stop the others.
  - Right before it writes a policy, the module reads it again. If it is no longer the one that the plan is based on,
    that key fails with the code C(ChangedMeanwhile), and nothing is written to it.
author:
  - The amikit contributors (@amikit)
options:
  key_ids:
    description:
      - The keys to manage, as key ids, ARNs, aliases such as C(alias/golden), or ARNs of aliases. Each can follow a
        Region, as in C(REGION:alias/golden). Comma-separated lists work as well.
      - An element can also be a key as this module returns it.
      - Several names of one key are one key. With an empty list, the task does nothing.
      - An ARN names its Region. The task needs a Region only for ids that do not name one.
      - Each replica of a multi-Region key has a policy of its own, so name each of them.
    type: list
    elements: raw
    required: true
    aliases: [key_id]
  key_users:
    description:
      - Who gets the permission to use the keys through EC2. Other users stay, unless O(purge_key_users=true).
      - The key's own account is governed by statements of its own, so it is left out.
      - The identity policies of the other account must allow it as well, for whoever launches the AMI there.
    type: dict
    suboptions: &users
      user_ids:
        description: Account ids of 12 digits. Quote them, because YAML can read an unquoted id with a leading
          zero as an octal number.
        type: list
        elements: str
      org_arns:
        description: ARNs of organizations.
        type: list
        elements: str
        aliases: [organization_arns]
      org_unit_arns:
        description: ARNs of OUs. The permission covers the accounts in the OU and in the OUs below it.
        type: list
        elements: str
        aliases: [organizational_unit_arns]
  revoke_key_users:
    description:
      - Who loses the permission. A task cannot grant and revoke the same entry.
      - Only what the module's own statements allow is taken away.
    type: dict
    suboptions: *users
  purge_key_users:
    description:
      - Whether to revoke every user that is not in O(key_users). This affects only the module's own statements.
      - A statement with a C(Sid) of the module that is not of the form that the module writes is removed. Otherwise, it
        prevents every change, and the error names it. It appears as C(odd_statements) among the users.
      - Needs O(key_users). With V({}) there, no statement of the module remains.
    type: bool
    default: false
  autoscaling:
    description:
      - If V(true), all users of the keys may also create the grant that an Auto Scaling group in their account needs.
        They create it with credentials of their own, for the service-linked role of Auto Scaling.
      - If V(false), nobody gets this permission. Whoever has it keeps it for as long as they stay a user, unless
        O(purge_key_users=true).
      - KMS compares the ARN of the role as text. So this trusts the recipients not to hand the key on to a role of
        another account whose path looks like that of Auto Scaling.
    type: bool
    default: false
  preflight:
    description:
      - Only causes a warning, because KMS has no C(DryRun) for C(PutKeyPolicy).
    type: bool
    default: false
  wait:
    description:
      - Whether to wait for KMS to show each change.
      - Do not set this to V(false) if another task or run changes the same key soon after. KMS may show it the policy
        from before both times that it reads it, and what this task changed would be overwritten without notice.
      - If V(true), and KMS does not know a key, the module keeps looking it up for up to 15 seconds.
    type: bool
    default: true
attributes:
  check_mode:
    details:
      - KMS has no C(DryRun) for C(PutKeyPolicy). Check mode shows what would change, with the status V(unproven), but
        not whether the caller may change it.
notes:
  - "The module needs the IAM permissions C(kms:DescribeKey), C(kms:GetKeyPolicy) and C(kms:PutKeyPolicy). It never sets
    C(BypassPolicyLockoutSafetyCheck)."
  - KMS keeps no versions of key policies, and whoever writes last wins. If another tool, such as Terraform or
    CloudFormation, manages the policy of a key as a whole, it will remove what this module writes. Take the statements
    from RV(kms_keys[].statements) into that tool's definition instead.
  - The collection has not been run on AWS itself. The form of the statements is that of the policy that AWS writes for
    the key C(aws/ebs), which is known to launch instances within one account. That it does so from another account is
    inferred, so launch one instance before you rely on it. Whether KMS refuses an organization or OU that does not
    exist is not known.
    L(Encrypted images,https://amikit.github.io/amikit.aws/encrypted_images.html#what-is-not-certain) has the details.
  - KMS may show a policy late. If it shows the policy from before a change to a run both times that the run reads it,
    that run overwrites the change without notice. So leave a minute between runs that change the same key, and do not
    set O(wait=false).
  - KMS may refuse a policy because of a statement that was in it before, such as one that names a deleted role. The
    error then says which one it may be.
  - botocore retries requests that KMS throttles, or that fail on the way. To change how, set O(aws_config).
seealso:
  - module: amikit.aws.ec2_ami_attribute
  - module: amikit.aws.ec2_snapshot_attribute
  - module: amikit.aws.ec2_ami_sharing
  - module: amikit.aws.ami_sharing_restore
  - module: amazon.aws.kms_key
  - name: PutKeyPolicy
    description: The KMS API that this module implements.
    link: https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
extends_documentation_fragment:
  - amikit.aws._attributes
  - amikit.aws._attributes.modify
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let an account launch what is encrypted under a key, and keep everyone who can
  amikit.aws.kms_key_sharing:
    region: us-east-1
    key_id: alias/golden
    key_users:
      user_ids: ["111122223333"]

- name: Let exactly an organization use the keys of two Regions, with Auto Scaling groups
  amikit.aws.kms_key_sharing:
    key_ids: [us-east-1:alias/golden, eu-west-1:alias/golden]
    key_users:
      org_arns: [arn:aws:organizations::123456789012:organization/o-abcdefghij]
    purge_key_users: true
    autoscaling: true

- name: Take a key away from one account
  amikit.aws.kms_key_sharing:
    region: us-east-1
    key_id: alias/golden
    revoke_key_users:
      user_ids: ["111122223333"]
"""

RETURN = r"""
summary:
  description:
    - The counts of the task.
    - RV(summary.changed), RV(summary.unchanged) and RV(summary.failed) add up to RV(summary.kms_keys).
    - The same number is also returned as C(keys), which a template has to write as C(summary['keys']).
  returned: always, unless the task's options are invalid or no connection could be set up
  type: dict
  contains:
    kms_keys:
      description: The number of keys.
      type: int
      returned: always
    changed:
      description: The number of keys that were, or in check mode would be, changed, and did not fail.
      type: int
      returned: always
    unchanged:
      description: The number of keys that needed no change.
      type: int
      returned: always
    failed:
      description: The number of keys that failed.
      type: int
      returned: always
    granted:
      description: The number of users that were, or would be, granted.
      type: int
      returned: always
    revoked:
      description: The number of users that were, or would be, revoked.
      type: int
      returned: always
    regions:
      description: The number of Regions of the keys.
      type: int
      returned: always
  sample: {kms_keys: 3, changed: 1, unchanged: 2, failed: 0, granted: 1, revoked: 0, regions: 2}
kms_keys:
  description:
    - One element for each key, in the order asked for.
    - The same list is also returned as C(keys). In a template, write C(result['keys']), because C(result.keys) is the
      method of the dictionary.
    - A failed task returns the list too, but shortened, because Ansible prints all of it. RV(kms_keys[].before) and
      RV(kms_keys[].after) do not contain the users, and a key that neither changed nor failed has only its id, Region,
      name and RV(kms_keys[].changed).
  returned: always, unless the task's options are invalid or no connection could be set up
  type: list
  elements: dict
  contains:
    key_id:
      description: The id of the key, or what the task asked for if it could not be read.
      type: str
      returned: always
      sample: 1234abcd-12ab-34cd-56ef-1234567890ab
    region:
      description: The Region of the key.
      type: str
      returned: always
      sample: us-east-1
    name:
      description: The alias that the task asked for, or null if it asked for the key by its id.
      type: str
      returned: always
      sample: alias/golden
    changed:
      description: Whether the policy was changed or, in check mode, would be.
      type: bool
      returned: always
    granted:
      description: The users that were, or in check mode would be, added, in the structure of O(key_users).
      type: dict
      returned: always
    revoked:
      description: The users that were, or in check mode would be, revoked, in the same structure.
      type: dict
      returned: always
    before:
      description:
        - What was managed as it was before, in the structure of the options, and sorted. C(autoscaling) is null if only
          some users had it. It is there only if the task sets it, or takes users off, who lose it.
        - Empty if the key could not be read.
      type: dict
      returned: always
      sample:
        key_users: {user_ids: [], org_arns: [], org_unit_arns: []}
    after:
      description:
        - The same after the task or, in check mode, as it would be.
        - It does not contain what somebody else changed while the task ran. With O(wait=true), a warning reports such
          changes.
      type: dict
      returned: always
      sample:
        key_users: {user_ids: ["111122223333"], org_arns: [], org_unit_arns: []}
    requests:
      description: What changes. All that changes on one key is sent as one C(PutKeyPolicy), and has the same status.
      type: list
      elements: dict
      returned: always
      contains:
        attribute:
          description: V(keyUsers) or V(autoscaling).
          type: str
          returned: always
        operation:
          description: V(add) or V(remove).
          type: str
          returned: always
        entries:
          description: How many users are added or removed, or get or lose the permission for Auto Scaling groups.
          type: int
          returned: always
        status:
          description:
            - V(applied), or in check mode V(unproven), because KMS cannot be asked.
            - V(denied) if the caller is not authorized, V(failed) if KMS or the connection failed in another way.
            - V(not_sent) if a failed key prevents all changes.
          type: str
          returned: always
        error:
          description: Why the request failed, in the structure of RV(kms_keys[].error).
          type: dict
          returned: when the request failed
      sample:
        - {attribute: keyUsers, operation: add, entries: 1, status: applied}
    arn:
      description: The ARN of the key, or null if it is not known.
      type: str
      returned: always, except by a failed task for a key that neither changed nor failed
      sample: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
    statements:
      description:
        - The statements of the module in the key policy after the task or, in check mode, as they would be.
        - For a key of another account, the statements that its owner has to add.
      type: list
      elements: dict
      returned: always, except by a failed task for a key that neither changed nor failed
    error:
      description: Why the key failed.
      type: dict
      returned: when the key failed
      contains:
        operation:
          description: The KMS operation that failed or would fail, V(wait) if KMS did not show a change in time, or
            V(Connect).
          type: str
          returned: always
        code:
          description:
            - The error code of KMS, or the name of botocore's error if KMS did not answer. The code of a predicted
              refusal is the one that KMS would answer with, where that is known.
            - The module has codes of its own. V(ChangedMeanwhile) if the policy is no longer the one that the plan is
              based on, V(OddStatement) if a statement has a C(Sid) of the module and not its form,
              V(InexactPolicy) if the policy holds a value that would not be written as it is, V(Timeout) if KMS
              did not show a change in time, V(InvalidCredentials) and V(InvalidEndpoint) if nothing can be sent with
              them, and V(Unknown) if a server answered without a code.
          type: str
          returned: always
        message:
          description: The complete error message of KMS, or the reason for a predicted refusal.
          type: str
          returned: always
        request_id:
          description: The id of the failed request.
          type: str
          returned: always, null when KMS did not answer or was not asked
        predicted:
          description: Whether the module predicted the refusal, and did not ask KMS.
          type: bool
          returned: always
      sample:
        operation: PutKeyPolicy
        code: KMSInvalidStateException
        message: The key is Disabled; nobody can use it; enable it first (EnableKey)
        request_id:
        predicted: true
backup_file:
  description: The absolute path of the backup that was written.
  returned: when O(backup) is set, and something was to be changed outside check mode
  type: str
  sample: /srv/backups/golden.json
diff:
  description: The difference of every changed key.
  returned: with --diff
  type: list
  elements: dict
  contains:
    before_header:
      description: The alias if the task asked for it, the id and the Region of the key.
      type: str
      returned: always
    after_header:
      description: The same.
      type: str
      returned: always
    before:
      description: The users as they were, one line for each, and the statements of the module, one line for each value.
      type: str
      returned: always
    after:
      description: The same as it is now or, in check mode, would be.
      type: str
      returned: always
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.amikit.aws.plugins.module_utils._attributes.keys import KEYS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import argument_spec
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import run


def main() -> t.NoReturn:
    run(AnsibleAWSModule(argument_spec=argument_spec(KEYS), supports_check_mode=True), KEYS)


if __name__ == "__main__":
    main()
