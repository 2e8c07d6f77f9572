#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_sharing/restore.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ami_sharing_restore
version_added: 1.0.0
short_description: Restore AMIs, snapshots and keys from a backup
description:
  - Undoes what a run changed, even if it was killed, from the backup that it wrote. See
    O(amikit.aws.ec2_ami_attribute#module:backup), O(amikit.aws.ec2_snapshot_attribute#module:backup),
    O(amikit.aws.kms_key_sharing#module:backup) and O(amikit.aws.ec2_ami_sharing#module:backup).
  - Revokes what the run granted, grants what it revoked, and restores a description if it is still the one that the run
    has set. What others have changed since then stays, unless O(exact=true).
  - If something no longer exists, belongs to another account, or cannot be undone in EC2, it stays as it is. The rest
    is restored. Then the task fails, and names what was not restored.
  - Grants go to keys, then to snapshots, and then to images. Revocations go to images, then to snapshots, and users
    come off keys last. If one of these changes fails, what has to come after it is held back.
  - A warning names the users that it takes off keys, because images that are not in the backup may be encrypted under
    these keys too.
  - The playbook C(amikit.aws.restore) runs this module with the variables of the role
    P(amikit.aws.ami_sharing#role).
author:
  - The amikit contributors (@amikit)
options:
  src:
    description: The backup to restore.
    type: path
    required: true
  exact:
    description:
      - Whether to give every attribute in the backup exactly its previous value, no matter what has changed since then
        and who changed it. Launch permissions and volume permissions that are not in the backup are revoked.
    type: bool
    default: false
  allow_public:
    description: Whether images and snapshots may become public again.
    type: bool
    default: false
  max_revocations:
    description:
      - How many entries the task may revoke, on images, snapshots and keys. If it would revoke more, nothing is
        changed.
      - V(0) allows none. Without this option, there is no limit.
    type: int
    aliases: [ami_sharing_max_revocations]
  protected_principals:
    description:
      - Principals that must not be revoked, as account ids, ARNs of organizations and OUs, or V(all) for everyone. If
        one of them would be revoked, nothing is changed.
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
      - The file for the backup of this task, which is written before the first change. You can restore it like any
        other.
      - The default is O(src) with C(.restore) appended. The same applies if it is O(src) itself, so that you can run
        the task again.
      - An earlier backup of the same name is renamed, with its time at the end. A symbolic link, or an existing file
        that is not a backup, is refused before any request.
    type: path
    aliases: [ami_sharing_backup]
  preflight:
    aliases: [ami_sharing_preflight]
  wait:
    description: Whether to wait for EC2 to show each change.
    type: bool
    default: true
  wait_timeout:
    aliases: [ami_sharing_wait_timeout]
  concurrency:
    aliases: [ami_sharing_concurrency]
notes:
  - The aliases are the names under which the role P(amikit.aws.ami_sharing#role) passes its variables. They are the
    role's own, so use the names of the options in your tasks.
  - In check mode, every planned request is sent with C(DryRun=true), and no backup is written. KMS has no C(DryRun) for
    C(PutKeyPolicy), so its status is C(unproven), and O(preflight) does not cover it.
  - "The module needs the IAM permissions of M(amikit.aws.ec2_ami_attribute), M(amikit.aws.ec2_snapshot_attribute) and
    M(amikit.aws.kms_key_sharing), for what the backup contains of each."
seealso:
  - module: amikit.aws.ec2_ami_sharing
  - module: amikit.aws.ec2_ami_attribute
  - module: amikit.aws.ec2_snapshot_attribute
  - module: amikit.aws.kms_key_sharing
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
    - The counts of the task. C(changed), C(unchanged) and C(failed) count images, snapshots and keys together,
      C(granted) and C(revoked) entries.
  returned: always, unless the options are invalid or no connection could be set up
  type: dict
  sample:
    {images: 2, snapshots: 2, kms_keys: 0, changed: 3, unchanged: 0, failed: 1, granted: 4, revoked: 2, regions: 1}
images:
  description:
    - The images in the backup, as RV(amikit.aws.ec2_ami_attribute#module:images).
    - If EC2 has no request that leads back, the error has the code V(CannotBeUndone).
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: dict
snapshots:
  description: The snapshots in the backup, as RV(amikit.aws.ec2_snapshot_attribute#module:snapshots).
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: dict
kms_keys:
  description:
    - The keys in the backup, as RV(amikit.aws.kms_key_sharing#module:kms_keys).
    - The same list is also returned as C(keys).
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: dict
stopped:
  description: The reasons why nothing was changed. Empty, unless a guard or a missing consent stopped the task.
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: str
backup_file:
  description: The absolute path of the backup that was written.
  returned: when something was to be changed outside check mode
  type: str
  sample: /srv/backups/golden.json.restore
diff:
  description: The differences of all changed images, followed by those of all changed snapshots and keys.
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
