#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_sharing/restore.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ami_sharing_restore
version_added: 1.0.0
short_description: Restore AMIs and snapshots from a backup
description:
  - Takes back what a run changed, or was about to change when it was killed, from the backup that it wrote. See
    O(amikit.aws.ec2_ami_attribute#module:backup), O(amikit.aws.ec2_snapshot_attribute#module:backup) and
    O(amikit.aws.ec2_ami_sharing#module:backup).
  - What the run granted is revoked, what it revoked is granted, and a description that is still the one the run has
    set becomes the one before. What others have changed since stays, unless O(exact=true).
  - What no longer exists, belongs to another account, or cannot be undone in EC2 is left as it is and named. The rest
    is restored, and the task then fails.
  - Grants are sent to snapshots first and then to images, revocations to images first and then to snapshots.
  - The playbook C(amikit.aws.restore) runs this module with the variables of the role
    P(amikit.aws.ami_sharing#role).
author:
  - The amikit contributors (@amikit)
options:
  src:
    description: The backup.
    type: path
    required: true
  exact:
    description:
      - Whether every attribute in the backup becomes exactly what it was before, whatever has been changed since and by
        whom. Launch permissions and volume permissions that are not in the backup are revoked.
    type: bool
    default: false
  allow_public:
    description: Consent to images and snapshots becoming public again.
    type: bool
    default: false
  max_revocations:
    description:
      - How many entries may be revoked, on images and snapshots. Above that, nothing is changed.
      - V(0) allows none. Without this option there is no limit.
    type: int
    aliases: [ami_sharing_max_revocations]
  protected_principals:
    description:
      - Principals that may not be revoked, as account ids, ARNs of organizations and OUs, or V(all) for everyone. If
        any would be revoked, nothing is changed.
    type: list
    elements: raw
    default: []
    aliases: [ami_sharing_protected_principals]
  account_names:
    description: The names of accounts by their ids, for messages. Quote the ids.
    type: dict
    aliases: [ami_sharing_account_names]
  backup:
    description:
      - Where the backup of this run is written, before its first write. It can be restored like any other.
      - By default, or if it is O(src) itself, O(src) with C(.restore) appended, so that the task can be run again.
      - Of an earlier backup in its place, the name ends in its time from then on. A symbolic link, or an existing file
        that is no backup, is refused before any request.
    type: path
    aliases: [ami_sharing_backup]
  preflight:
    aliases: [ami_sharing_preflight]
  wait:
    description: Whether to wait, after a change, until EC2 shows it.
    type: bool
    default: true
  wait_timeout:
    aliases: [ami_sharing_wait_timeout]
  concurrency:
    aliases: [ami_sharing_concurrency]
notes:
  - In check mode every planned request is sent with C(DryRun=true), and no backup is written.
  - "The least IAM permissions are those of M(amikit.aws.ec2_ami_attribute) and M(amikit.aws.ec2_snapshot_attribute)."
seealso:
  - module: amikit.aws.ec2_ami_sharing
  - module: amikit.aws.ec2_ami_attribute
  - module: amikit.aws.ec2_snapshot_attribute
extends_documentation_fragment:
  - amikit.aws._attributes
  - amikit.aws._attributes.modify
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Share an image, and keep a record of who had access
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions:
      user_ids: ["111122223333"]
    purge_launch_permissions: true
    backup: golden.json

- name: Take back what that task changed
  amikit.aws.ami_sharing_restore:
    src: golden.json

- name: Make the image exactly what it was, whatever has been changed since
  amikit.aws.ami_sharing_restore:
    src: golden.json
    exact: true
"""

RETURN = r"""
summary:
  description:
    - The counts of the task. C(changed), C(unchanged) and C(failed) count images and snapshots together, C(granted) and
      C(revoked) entries.
  returned: always, unless the options are invalid or no connection could be set up
  type: dict
  sample: {images: 2, snapshots: 2, changed: 3, unchanged: 0, failed: 1, granted: 4, revoked: 2, regions: 1}
images:
  description: The images in the backup, as RV(amikit.aws.ec2_ami_attribute#module:images).
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: dict
snapshots:
  description: The snapshots in the backup, as RV(amikit.aws.ec2_snapshot_attribute#module:snapshots).
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: dict
stopped:
  description: The reasons why nothing was changed. An empty list, unless a guard or a missing consent stopped the run.
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: str
backup_file:
  description: The absolute path of the backup that was written.
  returned: when something was to be changed outside check mode
  type: str
  sample: /srv/backups/golden.json.restore
diff:
  description: The change of every changed image, and then of every changed snapshot.
  returned: with --diff
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import ARGUMENT_SPEC
from ansible_collections.amikit.aws.plugins.module_utils._sharing.restore import run

SPEC: dict[str, t.Any] = {
    "src": {"type": "path", "required": True},
    "exact": {"type": "bool", "default": False},
    **ARGUMENT_SPEC,
}


def main() -> t.NoReturn:
    run(AnsibleAWSModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
