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
  - Reads who can create volumes from one or more EBS snapshots, and changes what differs, with as few
    C(ModifySnapshotAttribute) requests as possible.
  - To copy or re-encrypt an AMI, and not only launch it, an account needs this permission on its snapshots.
  - If you leave out an option, the module leaves that attribute as it is. Granting is additive. To revoke, you must say
    so.
  - Every snapshot is read and planned before anything is changed. If one cannot be read, or EC2 is known to refuse a
    change, nothing is changed anywhere. Once changes have begun, the failure of one snapshot does not stop the others.
author:
  - The amikit contributors (@amikit)
options:
  snapshot_ids:
    description:
      - The snapshots to manage, as C(snap-…), or as C(REGION:snap-…). Comma-separated lists work as well.
      - An element can also be an image as M(amikit.aws.ec2_ami_attribute_info) returns it, which means the snapshots
        behind that image in its Region, or a snapshot as this module returns it.
      - Duplicates are ignored. With an empty list, the task does nothing.
      - The task needs a Region only for ids that do not name one.
    type: list
    elements: raw
    required: true
    aliases: [snapshot_id]
  create_volume_permissions:
    description:
      - Who gets the permission to create volumes from the snapshot, and to copy it. Other entries of the snapshot stay,
        unless O(purge_create_volume_permissions=true).
      - The snapshot's owner needs no entry. EC2 accepts one but never lists it, so it is left out.
      - EC2 shares snapshots with accounts and with everyone, but not with organizations and OUs.
    type: dict
    suboptions: &permissions
      user_ids:
        description: Account ids of 12 digits. Quote them, because YAML can read an unquoted id with a leading
          zero as an octal number.
        type: list
        elements: str
      group_names:
        description: The only group is V(all), which means everyone.
        type: list
        elements: str
  revoke_create_volume_permissions:
    description:
      - Who loses the permission. A task cannot grant and revoke the same entry.
    type: dict
    suboptions: *permissions
  purge_create_volume_permissions:
    description:
      - Whether to revoke every entry that is not in O(create_volume_permissions).
      - Needs O(create_volume_permissions). With V({}) there, the snapshot becomes private.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait for EC2 to show each change. A C(pending) snapshot is changed at once.
      - If V(true), and EC2 does not know an id, the module keeps looking it up for up to 15 seconds, because EC2 may
        show new snapshots late.
    type: bool
    default: true
notes:
  - In check mode, every planned request is sent with C(DryRun=true). EC2 then checks only that the caller is
    authorized. The module predicts other refusals, as far as it can, from what it has read. It does so in check mode
    and in a real run. It sends one C(DryRun) first, and the others only after EC2 has answered that one as a C(DryRun).
  - "The module needs the IAM permissions C(ec2:DescribeSnapshots), C(ec2:DescribeSnapshotAttribute) and
    C(ec2:ModifySnapshotAttribute). It also needs C(ec2:GetSnapshotBlockPublicAccessState) to make a snapshot public.
    With C(kms:DescribeKey), it predicts that EC2 refuses to share a snapshot under the key that AWS manages for EBS.
    Without it, it warns that EC2 will decide."
  - botocore retries requests that EC2 throttles, or that fail on the way. To change how, set O(aws_config).
seealso:
  - module: amikit.aws.ec2_ami_attribute
  - module: amikit.aws.ec2_ami_attribute_info
  - module: amikit.aws.kms_key_sharing
  - module: amikit.aws.ec2_ami_sharing
  - module: amikit.aws.ami_sharing_restore
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
  version_added: 1.0.0
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
      description: The number of snapshots that needed no change.
      type: int
      returned: always
    failed:
      description: The number of snapshots that failed, including those that were partly changed.
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
    - A failed task returns it too, but shortened, because Ansible prints all of it. RV(snapshots[].before) and
      RV(snapshots[].after) do not contain the permissions, and a snapshot that neither changed nor failed has only its
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
      description: The tag C(Name) of the snapshot, or null if it has none.
      type: str
      returned: always
      version_added: 1.0.0
      sample: golden-2026-11
    changed:
      description: Whether the snapshot was changed or, in check mode, would be.
      type: bool
      returned: always
    granted:
      description: The entries that were, or in check mode would be, added, in the structure of
        O(create_volume_permissions).
      type: dict
      returned: always
      version_added: 1.0.0
    revoked:
      description: The entries that were, or in check mode would be, revoked, in the same structure.
      type: dict
      returned: always
      version_added: 1.0.0
    before:
      description:
        - The previous create volume permissions, in the structure of the option, and sorted.
        - To restore the snapshot, use these values in a task with O(purge_create_volume_permissions=true).
        - Empty if the snapshot could not be read.
      type: dict
      returned: always
      sample:
        create_volume_permissions: {user_ids: [], group_names: []}
    after:
      description:
        - The permissions after the task or, in check mode, as they would be.
        - If some of the requests failed, it contains only what EC2 accepted.
        - It does not contain what somebody else changed while the task ran. With O(wait=true), a warning reports such
          changes.
      type: dict
      returned: always
      sample:
        create_volume_permissions: {user_ids: ["111122223333"], group_names: []}
    requests:
      description: The requests that make the change, in the order in which they are sent.
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
            - V(denied) if the caller is not authorized, V(failed) if EC2 or the connection failed in another way.
            - V(not_sent) if a failed snapshot prevents all changes, or an earlier request for this one failed.
          type: str
          returned: always
        error:
          description: Why the request failed, in the structure of RV(snapshots[].error).
          type: dict
          returned: when the request failed
          version_added: 1.0.0
      sample:
        - {attribute: createVolumePermission, operation: add, entries: 3, status: applied}
    error:
      description: Why the snapshot failed.
      type: dict
      returned: when the snapshot failed
      contains:
        operation:
          description: The EC2 operation that failed or would fail, V(wait) if EC2 did not show a change in time, or
            V(Connect).
          type: str
          returned: always
        code:
          description:
            - The error code of EC2, or the name of botocore's error if EC2 did not answer. The code of a predicted
              refusal is the one that EC2 would answer with, where that is known.
            - The module has codes of its own. V(DryRunIgnored) if a server carried out a C(DryRun), V(Timeout) if EC2
              did not show a change in time, V(InvalidCredentials) and V(InvalidEndpoint) if nothing can be sent with
              them, and V(Unknown) if a server answered without a code.
          type: str
          returned: always
        message:
          description: The complete error message of EC2, or the reason for a predicted refusal.
          type: str
          returned: always
        request_id:
          description: EC2's id of the failed request.
          type: str
          returned: always, null when EC2 did not answer or was not asked
        predicted:
          description: Whether the module predicted that EC2 would refuse, and did not ask it.
          type: bool
          returned: always
        decoded_message:
          description: The decoded authorization message of a denial. It is decoded for the first five failed snapshots
            only.
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
  version_added: 1.0.0
  sample: /srv/backups/golden.json
diff:
  description: The difference of every changed snapshot.
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
