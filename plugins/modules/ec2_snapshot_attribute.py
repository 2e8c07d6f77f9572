#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_attributes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_snapshot_attribute
version_added: 0.1.0
short_description: Manage who can create volumes from snapshots
description:
  - Reads who may create volumes from one or many EBS snapshots, works out the least change, and applies it with
    C(ModifySnapshotAttribute).
  - Whoever is to copy or re-encrypt an AMI, and not only to launch it, needs this permission on its snapshots.
  - An option that is left out is left alone. Granting is additive, and revoking is explicit.
  - Every snapshot is read and planned before anything is written. When one cannot be read, or EC2 is known to refuse
    a change, nothing is changed anywhere. Once writing has begun, the failure of one does not stop the others.
author:
  - The amikit contributors (@amikit)
options:
  snapshot_ids:
    description:
      - The snapshots to manage, as C(snap-…), or as C(REGION:snap-…). Comma-separated lists work as well.
      - An element may also be an image as M(amikit.aws.ec2_ami_attribute_info) returns it, which stands for the
        snapshots behind it, Region and all, or a snapshot as this module returns it.
      - Repeats are collapsed, and an empty list does nothing.
      - A Region is needed only for ids that do not carry one.
    type: list
    elements: raw
    required: true
    aliases: [snapshot_id]
  create_volume_permissions:
    description:
      - Who is granted the permission to create volumes from the snapshot, and to copy it. Entries that the snapshot
        has beside these stay, unless O(purge_create_volume_permissions=true).
      - The snapshot's owner needs no entry. EC2 accepts one but never lists it, so it is left out.
      - EC2 shares snapshots with accounts and with everyone, and with no organization or OU.
    type: dict
    suboptions: &permissions
      user_ids:
        description: Account ids of 12 digits. Quote them, because YAML takes an unquoted leading zero for a number.
        type: list
        elements: str
      group_names:
        description: V(all), the only group, is everyone.
        type: list
        elements: str
  revoke_create_volume_permissions:
    description:
      - Whose permission is revoked. An entry cannot be granted and revoked in one task.
    type: dict
    suboptions: *permissions
  purge_create_volume_permissions:
    description:
      - Whether nothing but O(create_volume_permissions) remains.
      - Needs O(create_volume_permissions). With V({}) there, the snapshot becomes private.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait after a change until EC2 shows it. A C(pending) snapshot is changed at once.
      - If V(true), an id that EC2 does not know is looked up again for up to 15 seconds, because EC2 may show new
        snapshots late.
    type: bool
    default: true
notes:
  - In check mode every planned request is sent with C(DryRun=true). EC2 then checks that the caller is authorized, and
    nothing more. What else it would refuse, as far as it can be known beforehand, is predicted from what was read,
    in check mode and in a real run alike. No other request is sent until the first is answered as a C(DryRun).
  - "The least IAM permissions are C(ec2:DescribeSnapshots), C(ec2:DescribeSnapshotAttribute) and
    C(ec2:ModifySnapshotAttribute), with C(ec2:GetSnapshotBlockPublicAccessState) to make a snapshot public. With
    C(kms:DescribeKey) the refusal to share a snapshot under the key that AWS manages for EBS is predicted, and without
    it a warning says that EC2 will decide."
  - Requests that EC2 throttles, or that fail on the way, are retried by botocore. O(aws_config) overrides how.
seealso:
  - module: amikit.aws.ec2_ami_attribute
  - module: amikit.aws.ec2_ami_attribute_info
  - module: amazon.aws.ec2_snapshot
  - name: ModifySnapshotAttribute
    description: The EC2 API that this module implements.
    link: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
extends_documentation_fragment:
  - amikit.aws._attributes
  - amikit.aws._attributes.modify
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let an account copy a snapshot, and keep everyone who can
  amikit.aws.ec2_snapshot_attribute:
    region: us-east-1
    snapshot_id: snap-0123456789abcdef0
    create_volume_permissions:
      user_ids: ["111122223333"]

- name: Find an image
  amikit.aws.ec2_ami_attribute_info:
    image_ids: us-east-1:ami-0123456789abcdef0
  register: golden

- name: Let exactly these accounts copy it, which takes the snapshots behind it
  amikit.aws.ec2_snapshot_attribute:
    snapshot_ids: "{{ golden.images }}"
    create_volume_permissions:
      user_ids: ["111122223333", "444455556666"]
    purge_create_volume_permissions: true

- name: Take a snapshot away from one account
  amikit.aws.ec2_snapshot_attribute:
    region: us-east-1
    snapshot_id: snap-0123456789abcdef0
    revoke_create_volume_permissions:
      user_ids: ["444455556666"]
"""

RETURN = r"""
summary:
  description:
    - The counts of the task.
    - RV(summary.changed), RV(summary.unchanged) and RV(summary.failed) add up to RV(summary.snapshots).
  returned: always, unless the task's options are invalid or no connection could be set up
  type: dict
  contains:
    snapshots:
      description: The number of snapshots.
      type: int
      returned: always
    changed:
      description: The number of snapshots that were, or in check mode would be, changed, and did not fail.
      type: int
      returned: always
    unchanged:
      description: The number of snapshots that are as asked.
      type: int
      returned: always
    failed:
      description: The number of snapshots that failed, those that were changed in part included.
      type: int
      returned: always
    granted:
      description: The number of entries that were, or would be, granted.
      type: int
      returned: always
    revoked:
      description: The number of entries that were, or would be, revoked.
      type: int
      returned: always
    regions:
      description: The number of Regions of the snapshots.
      type: int
      returned: always
  sample: {snapshots: 100, changed: 8, unchanged: 91, failed: 1, granted: 9, revoked: 0, regions: 3}
snapshots:
  description:
    - One element for each snapshot, in the order asked for.
    - A failed task returns it too, trimmed, because Ansible prints all of it. RV(snapshots[].before) and
      RV(snapshots[].after) leave out the permissions, and a snapshot that neither changed nor failed has only its
      id, Region, name and RV(snapshots[].changed).
  returned: always, unless the task's options are invalid or no connection could be set up
  type: list
  elements: dict
  contains:
    snapshot_id:
      description: The id of the snapshot.
      type: str
      returned: always
      sample: snap-0123456789abcdef0
    region:
      description: The Region of the snapshot.
      type: str
      returned: always
      sample: us-east-1
    name:
      description: The tag C(Name) of the snapshot, null where there is none.
      type: str
      returned: always
      sample: golden-2026-11
    changed:
      description: Whether the snapshot was changed or, in check mode, would be.
      type: bool
      returned: always
    granted:
      description: What was, or in check mode would be, added, in the shape of O(create_volume_permissions).
      type: dict
      returned: always
    revoked:
      description: What was, or in check mode would be, taken away, in the same shape.
      type: dict
      returned: always
    before:
      description:
        - The create volume permissions as they were, in the shape of the option and sorted.
        - Fed back with O(purge_create_volume_permissions=true) it restores the snapshot.
        - Empty when the snapshot could not be read.
      type: dict
      returned: always
      sample:
        create_volume_permissions: {user_ids: [], group_names: []}
    after:
      description:
        - The same as they are once the task has ended or, in check mode, would be.
        - Holds only what EC2 accepted when some of the requests failed.
        - What something else changed while the task ran is not in it. A warning tells of that, with O(wait=true).
      type: dict
      returned: always
      sample:
        create_volume_permissions: {user_ids: ["111122223333"], group_names: []}
    requests:
      description: The requests that the change takes, in the order they are sent.
      type: list
      elements: dict
      returned: always
      contains:
        attribute:
          description: V(createVolumePermission).
          type: str
          returned: always
        operation:
          description: V(add) or V(remove).
          type: str
          returned: always
        entries:
          description: How many create volume permissions the request adds or removes.
          type: int
          returned: always
        status:
          description:
            - V(applied), or in check mode V(authorized).
            - V(denied) when the caller is not authorized, V(failed) when EC2 or the way to it failed otherwise.
            - V(not_sent) when a failed snapshot prevents all changes, or an earlier request for this one failed.
          type: str
          returned: always
        error:
          description: Why the request failed, in the shape of RV(snapshots[].error).
          type: dict
          returned: when the request failed
      sample:
        - {attribute: createVolumePermission, operation: add, entries: 3, status: applied}
    error:
      description: Why the snapshot failed.
      type: dict
      returned: when the snapshot failed
      contains:
        operation:
          description: The EC2 operation that failed or would, V(wait) for what EC2 did not show, or V(Connect).
          type: str
          returned: always
        code:
          description: The error code of EC2, or the name of botocore's error when EC2 did not answer.
          type: str
          returned: always
        message:
          description: The error message of EC2, whole, or what is known of a predicted refusal.
          type: str
          returned: always
        request_id:
          description: EC2's id of the failed request.
          type: str
          returned: always, null when EC2 did not answer or was not asked
        predicted:
          description: Whether EC2 was not asked, because it would have refused.
          type: bool
          returned: always
        decoded_message:
          description: The decoded authorization message of a denial. Decoded for the first five failed snapshots only.
          type: dict
          returned: when the caller is allowed sts:DecodeAuthorizationMessage
      sample:
        operation: ModifySnapshotAttribute
        code: OperationNotPermitted
        message: An encrypted snapshot cannot be made public
        request_id:
        predicted: true
backup_file:
  description: The absolute path of the backup that was written.
  returned: when O(backup) is set, and something was to be changed outside check mode
  type: str
  sample: /srv/backups/golden.json
diff:
  description: The change of every changed snapshot.
  returned: with --diff
  type: list
  elements: dict
  contains:
    before_header:
      description: The name, the id and the Region of the snapshot.
      type: str
      returned: always
    after_header:
      description: The same.
      type: str
      returned: always
    before:
      description: The permissions as they were, one line for each entry.
      type: str
      returned: always
    after:
      description: The permissions as they are now or, in check mode, would be, in the same form.
      type: str
      returned: always
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import argument_spec
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import run
from ansible_collections.amikit.aws.plugins.module_utils._attributes.snapshots import SNAPSHOTS


def main() -> t.NoReturn:
    run(AnsibleAWSModule(argument_spec=argument_spec(SNAPSHOTS), supports_check_mode=True), SNAPSHOTS)


if __name__ == "__main__":
    main()
