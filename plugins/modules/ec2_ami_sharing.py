#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_sharing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_sharing
version_added: 1.0.0
short_description: Share AMIs by a list of policies
description:
  - Applies any number of policies in one run. Each policy says who can launch which images.
  - Policies are merged for each image before anything is planned. An image that several policies select is read once,
    planned once, and changed by at most one addition and one removal of launch permissions. The order of the policies
    does not matter.
  - The guards (O(max_revocations), O(protected_principals)) judge the same plan that is sent. If somebody else grants
    access while the task runs, that is neither revoked nor hidden. A warning names the image.
  - Nothing is changed anywhere if policies contradict each other, a guard is exceeded, a policy selects nothing,
    something cannot be read, or EC2 is known to refuse a change. The task then fails, and RV(stopped) has the reasons.
  - Grants go to keys first, then to snapshots, and then to images. Revocations go to images first and then to
    snapshots. So at any moment, an account that can launch an image can also copy it. Once changes have begun, the
    failure of one image does not stop the others.
  - Use M(amikit.aws.ec2_ami_attribute) if you know the image ids. Use this module, or the role that wraps it, for a
    catalogue of images that policies describe.
author:
  - The amikit contributors (@amikit)
options:
  policies:
    description:
      - The policies. Each is a dictionary with the options below. One message reports every problem of every policy,
        before any request.
      - V(name) (required) identifies the policy in messages and in the result. It must be unique.
      - V(pattern) (required) is one of V(share) (the principals can launch, everyone else as before), V(exclusive)
        (exactly the principals), V(revoke) (the principals cannot, everyone else as before), V(public) (anyone; needs
        O(allow_public=true)) and V(private) (nobody but the owner).
      - V(principals) is a list of account ids of 12 digits, and ARNs of organizations and organizational units (OUs).
        The patterns V(public) and V(private) take none.
      - V(image_ids) are the images, in any form that O(amikit.aws.ec2_ami_attribute#module:image_ids) accepts. Either
        this or V(filters) is required.
      - V(filters) searches the account's own images. The keys are EC2's filter names. V({}) selects all images, which
        the pattern V(public) does not accept. Images that are neither available nor pending are left out, unless the
        filters contain V(state).
      - V(regions) are the Regions to search. The default is O(regions).
      - V(newest) selects only this many of the images found in each Region, the newest by creation date.
      - V(snapshots), a boolean, applies the policy to the snapshots behind the images as well, so that accounts that
        can launch an image can also copy it. EC2 shares snapshots with accounts and with everyone, but not with
        organizations and OUs. For snapshots, the owner's own account is left out, because EC2 never lists it.
      - V(description), V(imds_support), V(shared_tags), V(purge_shared_tags), V(deprecate_at) and
        V(deregistration_protection) work as in M(amikit.aws.ec2_ami_attribute).
      - V(kms) says what becomes of the keys behind encrypted images, without which the images cannot be launched.
        V(report) (the default) reads the keys and says who cannot use them. V(share) also makes the principals whom
        the policy grants images users of the keys, as M(amikit.aws.kms_key_sharing) does. V(ignore) reads no keys. No
        policy takes anybody off a key, because other images may need it.
      - V(kms_autoscaling), a boolean, includes what the Auto Scaling groups of the principals need, as
        O(amikit.aws.kms_key_sharing#module:autoscaling) does. Other users of the keys do not get it.
      - V(allow_empty), a boolean, allows the policy to select no image.
    type: list
    elements: raw
    required: true
  regions:
    description: The Regions to search for policies that have no Regions of their own. The default is the Region of the
      task.
    type: list
    elements: str
    aliases: [ami_sharing_regions]
  allow_public:
    description: Whether to accept policies with the pattern V(public).
    type: bool
    default: false
  max_revocations:
    description:
      - How many entries the whole run may revoke, on images and snapshots. If it would revoke more, nothing is changed.
      - V(0) allows none. Without this option, there is no limit.
    type: int
    aliases: [ami_sharing_max_revocations]
  protected_principals:
    description:
      - Principals that no policy may revoke, in the same forms as in policies, or V(all) for everyone. If one of them
        would be revoked, nothing is changed.
    type: list
    elements: raw
    default: []
    aliases: [ami_sharing_protected_principals]
  report:
    description: Whether to return RV(report), the facts for a page that shows who can launch what.
    type: bool
    default: false
  audit:
    description:
      - Whether to compare only. The task then sends only reads, and no C(DryRun), so read permissions are enough.
      - If there is drift, the result is C(changed). If a guard would stop a real run, that is a warning.
    type: bool
    default: false
  account_names:
    description: The names of accounts by their ids, for messages, warnings and RV(report). Quote the ids.
    type: dict
    aliases: [ami_sharing_account_names]
  preflight:
    aliases: [ami_sharing_preflight]
  backup:
    aliases: [ami_sharing_backup]
  wait_timeout:
    aliases: [ami_sharing_wait_timeout]
  concurrency:
    aliases: [ami_sharing_concurrency]
  wait:
    description:
      - Whether to wait for a C(pending) image that needs a change, or whose snapshots are shared, to become available,
        and for EC2 to show each change. If an image is still pending after that, only that image fails.
      - If V(true), and EC2 does not know an id, the module keeps looking it up for up to 15 seconds, because EC2 may
        show new images and snapshots late.
    type: bool
    default: true
notes:
  - The aliases are the names under which the role P(amikit.aws.ami_sharing#role) passes its variables. They are the
    role's own, so use the names of the options in your tasks.
  - In check mode, every planned request is sent with C(DryRun=true), in the order of a real run. The first request of
    each action is sent alone. A real run sends no C(DryRun), unless O(preflight=true).
  - Whatever the number of policies, the task sends one search per filter and Region, and one C(DescribeImageAttribute)
    per image. For snapshots, it sends one C(DescribeSnapshots) per 200, and one C(DescribeSnapshotAttribute) each. For
    the keys of encrypted images, it sends one C(DescribeSnapshots) per 200 snapshots that it has not read anyway, and
    one C(DescribeKey) and one C(GetKeyPolicy) per key.
  - KMS has no C(DryRun) for C(PutKeyPolicy), so in check mode its status is C(unproven), and O(preflight) does not
    cover it.
  - If the task fails, C(before) and C(after) of the images and snapshots in RV(policies) contain no lists of
    permissions, and those that neither changed nor failed are only named. C(granted) and C(revoked) still say what was
    changed.
  - "The module needs the IAM permissions of M(amikit.aws.ec2_ami_attribute) and, for policies with V(snapshots), of
    M(amikit.aws.ec2_snapshot_attribute). For the keys of encrypted images, it needs C(ec2:DescribeSnapshots),
    C(kms:DescribeKey) and C(kms:GetKeyPolicy), and C(kms:PutKeyPolicy) to share them. Without the permission to read a
    key, V(kms=report) only says that nothing is known of it. An audit needs only those that read."
seealso:
  - module: amikit.aws.ec2_ami_attribute
  - module: amikit.aws.ec2_snapshot_attribute
  - module: amikit.aws.kms_key_sharing
  - module: amikit.aws.ec2_ami_attribute_info
  - module: amikit.aws.organization_info
  - module: amikit.aws.ami_sharing_restore
extends_documentation_fragment:
  - amikit.aws._attributes
  - amikit.aws._attributes.modify
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Share a catalogue of golden images with those on the list, and nobody else
  amikit.aws.ec2_ami_sharing:
    regions: [us-east-1, eu-west-1]
    policies:
      - name: Golden images for production
        filters: {name: golden-*}
        newest: 3
        pattern: exclusive
        principals:
          - "111122223333"
          - arn:aws:organizations::123456789012:organization/o-abcdefghij
        snapshots: true
    max_revocations: 20

- name: Take every image of the account away from a former partner
  amikit.aws.ec2_ami_sharing:
    region: us-east-1
    policies:
      - name: Former partner
        filters: {}
        pattern: revoke
        principals: ["222233334444"]

- name: See whether two images are shared as they should be, with credentials that can only read
  amikit.aws.ec2_ami_sharing:
    region: us-east-1
    audit: true
    policies:
      - name: Releases
        image_ids: [ami-0123456789abcdef0, ami-0fedcba9876543210]
        pattern: share
        principals: ["444455556666"]
"""

RETURN = r"""
summary:
  description:
    - The counts of the run.
    - RV(summary.changed), RV(summary.unchanged) and RV(summary.failed) add up to RV(summary.images).
  returned: always, unless the options are invalid or no connection could be set up
  type: dict
  contains:
    policies:
      description: The number of policies.
      type: int
      returned: always
    images:
      description: The number of images that the policies select.
      type: int
      returned: always
    changed:
      description: The number of images that were, or would be, changed. An image also counts if a snapshot or key
        behind it was changed.
      type: int
      returned: always
    unchanged:
      description: The number of images that needed no change.
      type: int
      returned: always
    failed:
      description: The number of images that failed, including those that were partly changed.
      type: int
      returned: always
    granted:
      description: The number of entries that were, or would be, granted, on images and snapshots.
      type: int
      returned: always
    revoked:
      description: The number of entries that were, or would be, revoked, on images and snapshots.
      type: int
      returned: always
    regions:
      description: The number of Regions of the images.
      type: int
      returned: always
    snapshots:
      description: The number of snapshots that the policies share.
      type: int
      returned: always
    public:
      description: The number of images that anyone can launch afterwards.
      type: int
      returned: always
    outside:
      description: The number of launch permissions that no policy grants.
      type: int
      returned: always
    left_out:
      description: The number of images that searches found and that are neither available nor pending.
      type: int
      returned: always
policies:
  description:
    - One element for each policy, in the order given.
    - If several policies ask for the same entry, it counts for the first of them. So RV(policies[].granted) and
      RV(policies[].revoked) add up to those of RV(summary).
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: dict
  contains:
    name:
      description: The name of the policy.
      type: str
      returned: always
    pattern:
      description: Its pattern.
      type: str
      returned: always
    selected:
      description: The number of images that it selects.
      type: int
      returned: always
    changed:
      description: The number of its images that were, or would be, changed on its behalf.
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
    failed:
      description: The number of its images that failed.
      type: int
      returned: always
    images:
      description:
        - Its images, as RV(amikit.aws.ec2_ami_attribute#module:images).
        - If several policies select an image, each of them has it.
        - In an audit, a request has the status V(unproven), because EC2 was not asked.
        - A request that was held back, because a change that must come first failed, has the status V(not_sent). The
          image, or the snapshot, then has an error with the code V(HeldBack), which names what it waited for.
      type: list
      elements: dict
      returned: always
    snapshots:
      description: The snapshots that it shares, as RV(amikit.aws.ec2_snapshot_attribute#module:snapshots).
      type: list
      elements: dict
      returned: always
    kms_keys:
      description:
        - The keys behind its encrypted images, as RV(amikit.aws.kms_key_sharing#module:kms_keys), unless the policy
          ignores them. The same list is also returned as C(keys).
        - C(statements) are those with which all who are granted images behind the key could use it, ready for its
          owner.
        - If the task fails, keys that neither changed nor failed have no C(statements).
        - Each also has C(lacking), a list of the principals who are granted images behind the key and cannot use it,
          and C(unknown), a list of those of whom its policy does not tell, because a statement of others may allow
          them, or denies something, or because the key could not be read. C(unread) is there only if it could not be
          read, and says why.
        - C(lacking_autoscaling) and C(unknown_autoscaling) say the same of the Auto Scaling groups of these principals,
          if a policy asks for them with V(kms_autoscaling).
      type: list
      elements: dict
      returned: always
  sample:
    - name: Golden images for production
      pattern: exclusive
      selected: 1
      changed: 1
      granted: 1
      revoked: 0
      failed: 0
      images:
        - image_id: ami-0123456789abcdef0
          region: us-east-1
          name: golden-2026-11
          changed: true
          granted: {user_ids: ["111122223333"], group_names: [], org_arns: [], org_unit_arns: []}
          revoked: {user_ids: [], group_names: [], org_arns: [], org_unit_arns: []}
          before:
            launch_permissions: {user_ids: [], group_names: [], org_arns: [], org_unit_arns: []}
          after:
            launch_permissions: {user_ids: ["111122223333"], group_names: [], org_arns: [], org_unit_arns: []}
          requests:
            - {attribute: launchPermission, operation: add, entries: 1, status: applied}
      snapshots: []
      kms_keys: []
preview:
  description: Whether the result only shows what would be done, as in check mode, in an audit, or if the run was
    stopped.
  returned: always, unless the options are invalid or no connection could be set up
  type: bool
stopped:
  description: The reasons why nothing was changed. Empty if the run was not stopped.
  returned: always, unless the options are invalid or no connection could be set up
  type: list
  elements: str
  sample: ["policy 'Former partner': it selects no image (if that is expected, set allow_empty: true in the policy)"]
report:
  description:
    - The facts for the page that the role P(amikit.aws.ami_sharing#role) writes. Beside the page, they are in a JSON
      file.
    - They are what EC2 showed after the run. If nothing was sent, they are what the plan would lead to.
  returned: when O(report=true)
  type: dict
  contains:
    preview:
      description: As RV(preview).
      type: bool
      returned: always
    made:
      description: When the run ended, in UTC.
      type: str
      returned: always
      sample: 2026-11-23 10:00 UTC
    accounts:
      description: The accounts that own the images.
      type: list
      elements: str
      returned: always
    names:
      description: The names of these accounts that are in O(account_names), by id.
      type: dict
      returned: always
    summary:
      description: Counts of what the page shows.
      type: dict
      returned: always
      sample: {policies: 1, images: 1, regions: 1, public: 0, outside: 0, changed: 1, granted: 1, revoked: 0, failed: 0}
    warnings:
      description: The reasons in RV(stopped), and the warnings of the run.
      type: list
      elements: str
      returned: always
    policies:
      description:
        - The counts of each policy as in RV(policies), with its C(principals), the number of its C(snapshots), and the
          C(errors) of its images, snapshots and keys, each with C(id), C(region), C(code) and C(message).
      type: list
      elements: dict
      returned: always
    principals:
      description:
        - Everybody who can launch one of the images, could before the run, or is named by a policy. Everyone comes
          first, then those who can launch an image although no policy grants it.
        - C(id) is the account id or the ARN, or V(all). C(kind) is V(everyone), V(organization), V(organizational
          unit), V(account) or V(other). C(label) is for people to read, C(name) is the name from O(account_names) or
          empty.
        - C(images), C(outside), C(added) and C(removed) are numbers of images. C(named) says whether a policy names it.
      type: list
      elements: dict
      returned: always
    images:
      description:
        - The images. Public ones come first, then those that somebody outside the policies can launch.
        - C(image_id), C(region), C(name), C(owner_id), and the names of the C(policies) that select it.
        - C(principals) can launch it, C(outside) are those among them to whom no policy grants it, C(added) and
          C(removed) are those whom the run granted and revoked. C(public) says whether anyone can launch it.
        - C(marks) has one character for each of RV(report.principals), in their order. C(x) can launch it. C(!) can
          launch it, though no policy grants it. C(*) is everyone. C(+) was granted by this run, and C(-) was revoked. A
          space is none of these.
        - C(changed) says whether the run changed it, and C(changes) what apart from launch permissions, as names of
          options, V(snapshots) or V(keys). C(error) is why it failed, or empty. C(snapshots) is the number of its
          snapshots.
        - C(shared_tags), C(deprecate_at) and C(deregistration_protection), whether or not a policy names them.
      type: list
      elements: dict
      returned: always
    kms_keys:
      description:
        - The keys behind encrypted images. Those that somebody lacks come first.
        - C(key_id), C(region), C(arn), the names of the C(policies) that speak of it, the number of C(images) behind
          it, the C(users) whom the statements of this collection name, C(lacking), C(unknown),
          C(lacking_autoscaling), C(unknown_autoscaling) and C(unread) as in RV(policies[].kms_keys), and whether it was
          C(changed).
      type: list
      elements: dict
      returned: if there are any
backup_file:
  description: The absolute path of the backup that was written.
  returned: when O(backup) is set, and something was to be changed outside check mode
  type: str
  sample: /srv/backups/golden.json
diff:
  description: The difference of every changed image, followed by those of every changed snapshot and key.
  returned: with --diff
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import ARGUMENT_SPEC
from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import as_the_role
from ansible_collections.amikit.aws.plugins.module_utils._sharing.run import run

SPEC: dict[str, t.Any] = {
    "policies": {"type": "list", "elements": "raw", "required": True},
    **as_the_role("regions", {"type": "list", "elements": "str"}),
    "report": {"type": "bool", "default": False},
    "audit": {"type": "bool", "default": False},
    **ARGUMENT_SPEC,
}


def main() -> t.NoReturn:
    run(AnsibleAWSModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
