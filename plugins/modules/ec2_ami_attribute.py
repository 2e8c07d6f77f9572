#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_attributes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_attribute
version_added: 0.1.0
short_description: Manage the attributes of AMIs
description:
  - Reads the current attributes of one or more AMIs, and changes what differs, with as few requests as
    possible.
  - Manages the description, IMDS support, launch permissions for accounts, everyone, organizations and organizational
    units (OUs), shared tags, the date of deprecation, deregistration protection, and whether the AMI is enabled.
  - If you leave out an option, the module leaves that attribute as it is. Granting launch permissions is additive. To
    revoke them, you must say so.
  - Every image is read and planned before anything is changed. If an image cannot be read, or EC2 is known to refuse a
    change, nothing is changed anywhere. Once changes have begun, the failure of one image does not stop the others.
author:
  - The amikit contributors (@amikit)
options:
  image_ids:
    description:
      - The AMIs to manage, as C(ami-…), or as C(REGION:ami-…), the form that Packer prints. You can use the whole
        comma-separated artifact string of Packer.
      - An element can also be an image as M(amikit.aws.ec2_ami_attribute_info) or this module returns it, including its
        Region. So you can use RV(amikit.aws.ec2_ami_attribute_info#module:images) unchanged.
      - Duplicates are ignored. With an empty list, the task does nothing.
      - The task needs a Region only for ids that do not name one.
    type: list
    elements: raw
    required: true
    aliases: [image_id]
  description:
    description:
      - The description, of up to 255 printable ASCII characters without leading or trailing whitespace.
      - EC2 cannot clear a description. If this is an empty string and the AMI has a description, the task fails before
        anything is changed.
    type: str
  imds_support:
    description:
      - V(v2.0), the only value, makes instances launched from the AMI require IMDSv2 by default.
      - This cannot be undone, because EC2 has no other value.
    type: str
  launch_permissions:
    description:
      - Who gets the permission to launch the AMI. Other entries of the AMI stay, unless
        O(purge_launch_permissions=true).
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
      org_arns:
        description: ARNs of organizations.
        type: list
        elements: str
        aliases: [organization_arns]
      org_unit_arns:
        description: ARNs of organizational units.
        type: list
        elements: str
        aliases: [organizational_unit_arns]
  revoke_launch_permissions:
    description:
      - Who loses the permission to launch the AMI. A task cannot grant and revoke the same entry.
      - An account can still launch the AMI if the AMI is public, or shared with the account's organization or OU.
    type: dict
    suboptions: *permissions
  purge_launch_permissions:
    description:
      - Whether to revoke every entry, of any kind, that is not in O(launch_permissions).
      - If the old and the new entries together would exceed the quota of 1,000, the module alternates between adding
        and removing. It adds organizations and OUs first, and removes them last. If even that does not stay within the
        quota, the task fails before anything is changed.
      - Needs O(launch_permissions). With V({}) there, the AMI becomes private.
    type: bool
    default: false
  shared_tags:
    description:
      - Tags that every account with which the AMI is shared can read, as keys and values. EC2 keeps them as tags whose
        keys begin with C(ec2:SharedTag/). The module adds that prefix to each key, so leave it out here.
      - Other shared tags that the AMI has stay, unless O(purge_shared_tags=true).
      - Anyone can read the shared tags of a public AMI. A warning says so.
    type: dict
    version_added: 1.0.0
  purge_shared_tags:
    description:
      - Whether to remove all shared tags except O(shared_tags). Other tags are left alone.
      - Needs O(shared_tags). With V({}) there, no shared tag remains.
      - Tags are added before others are removed. EC2 allows 50 tags on an AMI. Where the new ones do not fit beside
        those that are to be removed, as many of these as needed are removed first.
    type: bool
    default: false
    version_added: 1.0.0
  deprecate_at:
    description:
      - When the AMI is deprecated. Either a date or time such as V(2027-12-31) or V(2027-12-31T18:00:00Z), in UTC
        unless it has an offset, or the age of the AMI at that time, counted from its creation. V(90d), V(26w) and V(2y)
        are 90 days, 26 weeks and 730 days.
      - An empty string cancels the deprecation.
      - EC2 rounds to the minute. So does the comparison, since EC2 shows the seconds of a date that it has set itself.
      - EC2 accepts no time in the past. An age that has passed is satisfied by any date that has passed. Otherwise the
        AMI is deprecated within two minutes, with a warning.
      - EC2 deprecates at most 10 years ahead and, if the AMI is public, at most 2 years after its creation. The date of
        a public AMI cannot be canceled or moved to a later time.
    type: str
    version_added: 1.0.0
  deregistration_protection:
    description:
      - Whether EC2 refuses to deregister the AMI. With V(enabled-with-cooldown), it still does so for 24 hours after
        the protection is disabled.
    type: str
    choices: [enabled, enabled-with-cooldown, disabled]
    version_added: 1.0.0
  enabled:
    description:
      - V(false) disables the AMI, so that nobody can launch it, and removes it from what others see. V(true) enables it
        again, before anything else is changed.
      - EC2 removes all launch permissions of an AMI that is disabled. Unless the same task revokes them, or nobody but
        the owner has any, the task fails before anything is changed. The result lists them in C(before).
      - With O(wait), a task that revokes launch permissions looks again before it disables the AMI. If something else
        has shared it meanwhile, it is not disabled, and the task fails and says with whom. Other tasks go by what they
        read at first.
    type: bool
    version_added: 1.0.0
  wait:
    description:
      - Whether to wait for a C(pending) AMI that needs a change to become available, and for EC2 to show each change.
      - If V(true), and EC2 does not know an id, the module keeps looking it up for up to 15 seconds, because EC2 may
        show new AMIs late.
    type: bool
    default: true
notes:
  - In check mode, every planned request is sent with C(DryRun=true). EC2 then checks only that the caller is
    authorized. The module predicts other refusals, as far as it can, from what it has read. It does so in check mode
    and in a real run. It sends one C(DryRun) first, and the others only after EC2 has answered that one as a C(DryRun).
  - Launch permissions are sent first. The attributes are independent of each other. If EC2 refuses a description,
    launch permissions are still revoked.
  - "The module needs the IAM permissions C(ec2:DescribeImages) and C(ec2:ModifyImageAttribute). It also needs
    C(ec2:DescribeImageAttribute) to manage launch permissions, and C(ec2:GetImageBlockPublicAccessState) to make an AMI
    public. Shared tags need C(ec2:CreateTags) and C(ec2:DeleteTags). O(deprecate_at), O(deregistration_protection) and
    O(enabled) need the actions that they send, such as C(ec2:EnableImageDeprecation) and C(ec2:DisableImage). With
    C(servicequotas:GetServiceQuota), the module predicts that EC2 refuses more entries, or more public AMIs, than the
    quota. With C(sts:DecodeAuthorizationMessage), it decodes denials. With C(ec2:DescribeSnapshots) and
    C(kms:DescribeKey), it predicts that EC2 refuses to share an image under the key that AWS manages for EBS. Without
    them, it warns that EC2 will decide."
  - botocore retries requests that EC2 throttles, or that fail on the way. To change how, set O(aws_config).
seealso:
  - module: amikit.aws.ec2_ami_attribute_info
  - module: amikit.aws.ec2_snapshot_attribute
  - module: amikit.aws.kms_key_sharing
  - module: amikit.aws.ec2_ami_sharing
  - module: amikit.aws.ami_sharing_restore
  - module: amazon.aws.ec2_ami
  - name: ModifyImageAttribute
    description: The EC2 API that this module implements.
    link: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
extends_documentation_fragment:
  - amikit.aws._attributes
  - amikit.aws._attributes.modify
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Tag an AMI for those it is shared with, protect it, and set when it is deprecated
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    shared_tags:
      status: approved
      release: "2026.11"
    deprecate_at: 2y
    deregistration_protection: enabled-with-cooldown

- name: Retire an AMI by making it private and disabling it
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions: {}
    purge_launch_permissions: true
    enabled: false

- name: Share an AMI with two accounts, an organization and an OU, and keep everyone who has it
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions:
      user_ids:
        - "111122223333"
        - "444455556666"
      org_arns:
        - arn:aws:organizations::123456789012:organization/o-abcdefghij
      org_unit_arns:
        - arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-cdefghij

- name: Share what Packer built, in every Region it was built in
  amikit.aws.ec2_ami_attribute:
    image_ids: us-east-1:ami-0123456789abcdef0,eu-west-1:ami-0fedcba9876543210
    launch_permissions:
      user_ids: ["111122223333"]

- name: Give the launch permissions to exactly these accounts, and to nobody else
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions:
      user_ids: ["111122223333"]
    purge_launch_permissions: true

- name: Take an AMI away from one account
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    revoke_launch_permissions:
      user_ids: ["444455556666"]

- name: Make an AMI public
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions:
      group_names: [all]

- name: Make an AMI private, so that only its owner can launch it
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions: {}
    purge_launch_permissions: true

- name: Describe an AMI, and require IMDSv2 of the instances launched from it (this cannot be undone)
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    description: Golden image, built on 2026-11-23
    imds_support: v2.0

- name: Remember what an AMI was, in order to restore it
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions:
      user_ids: ["777788889999"]
  register: shared

- name: Restore it
  amikit.aws.ec2_ami_attribute:
    region: us-east-1
    image_id: ami-0123456789abcdef0
    launch_permissions: "{{ shared.images[0].before.launch_permissions }}"
    purge_launch_permissions: true
"""

RETURN = r"""
summary:
  description:
    - The counts of the task.
    - RV(summary.changed), RV(summary.unchanged) and RV(summary.failed) add up to RV(summary.images).
  returned: always, unless the task's options are invalid or no connection could be set up
  type: dict
  version_added: 1.0.0
  contains:
    images:
      description: The number of images.
      type: int
      returned: always
    changed:
      description: The number of images that were, or in check mode would be, changed, and did not fail.
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
      description: The number of entries that were, or would be, granted.
      type: int
      returned: always
    revoked:
      description: The number of entries that were, or would be, revoked.
      type: int
      returned: always
    regions:
      description: The number of Regions of the images.
      type: int
      returned: always
  sample: {images: 100, changed: 8, unchanged: 91, failed: 1, granted: 9, revoked: 0, regions: 3}
images:
  description:
    - One element for each image, in the order asked for.
    - A failed task returns it too, but shortened, because Ansible prints all of it. RV(images[].before) and
      RV(images[].after) do not contain launch permissions, and an image that neither changed nor failed has only its
      id, Region, name and RV(images[].changed).
  returned: always, unless the task's options are invalid or no connection could be set up
  type: list
  elements: dict
  contains:
    image_id:
      description: The id of the AMI.
      type: str
      returned: always
      sample: ami-0123456789abcdef0
    region:
      description: The Region of the AMI.
      type: str
      returned: always
      sample: us-east-1
    name:
      description: The name of the image, or null if it could not be read.
      type: str
      returned: always
      version_added: 1.0.0
      sample: golden-2026-11
    changed:
      description: Whether the AMI was changed or, in check mode, would be.
      type: bool
      returned: always
    granted:
      description: The entries that were, or in check mode would be, added, in the structure of O(launch_permissions).
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
        - The previous values of the attributes that the task manages, in the structure of the options. Launch
          permissions are sorted. A date of deprecation is EC2's timestamp, or empty if there is none.
        - To restore the AMI, use these values in a task with O(purge_launch_permissions=true). Leave out IMDS support
          and an empty description, because EC2 cannot restore them.
        - Empty if the AMI could not be read.
      type: dict
      returned: always
      sample:
        description: old
        imds_support:
        launch_permissions: {user_ids: [], group_names: [], org_arns: [], org_unit_arns: []}
    after:
      description:
        - The values of the same attributes after the task or, in check mode, the values that they would have.
        - If some of the requests failed, it contains only what EC2 accepted.
        - It does not contain what somebody else changed while the task ran. With O(wait=true), a warning reports such
          changes.
      type: dict
      returned: always
      sample:
        description: new
        imds_support: v2.0
        launch_permissions: {user_ids: ["111122223333"], group_names: [], org_arns: [], org_unit_arns: []}
    protected_until:
      description:
        - When EC2 lets the AMI be deregistered, if its protection was disabled in the last 24 hours or, in check mode,
          would be now. What EC2 has not shown yet is worked out to the minute.
      type: str
      returned: while the AMI is still protected by the cool-down
      version_added: 1.0.0
    requests:
      description: The requests that make the change, in the order in which they are sent.
      type: list
      elements: dict
      returned: always
      contains:
        attribute:
          description:
            - V(launchPermission), V(description), V(imdsSupport), V(sharedTags), V(deprecation),
              V(deregistrationProtection) or V(imageState).
          type: str
          returned: always
        operation:
          description: V(set), V(add) or V(remove).
          type: str
          returned: always
        entries:
          description: How many launch permissions or tags the request adds or removes. V(1) for the other attributes.
          type: int
          returned: always
        status:
          description:
            - V(applied), or in check mode V(authorized).
            - V(denied) if the caller is not authorized, V(failed) if EC2 or the connection failed in another way.
            - V(not_sent) if a failed image prevents all changes, or an earlier request failed on which this one
              depends. That is one for the same attribute, the one that enables the AMI or, for the one that disables
              it, those for launch permissions.
          type: str
          returned: always
        error:
          description: Why the request failed, in the structure of RV(images[].error).
          type: dict
          returned: when the request failed
          version_added: 1.0.0
      sample:
        - {attribute: launchPermission, operation: add, entries: 3, status: applied}
    error:
      description: Why the image failed. If there are several reasons, the first one.
      type: dict
      returned: when the image failed
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
            - The module has codes of its own. V(ChangedMeanwhile) if something else shared an AMI that was to be
              disabled, V(DryRunIgnored) if a server carried out a C(DryRun), V(Timeout) if EC2 did not show a change in
              time, V(InvalidCredentials) and V(InvalidEndpoint) if nothing can be sent with them, and V(Unknown) if a
              server answered without a code.
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
          description: The decoded authorization message of a denial. It is decoded for the first five failed images
            only.
          type: dict
          returned: when the caller is allowed sts:DecodeAuthorizationMessage
      sample:
        operation: ModifyImageAttribute
        code: OperationNotPermitted
        message: An image with an AWS Marketplace product code cannot be made public
        request_id:
        predicted: true
backup_file:
  description: The absolute path of the backup that was written.
  returned: when O(backup) is set, and something was to be changed outside check mode
  type: str
  version_added: 1.0.0
  sample: /srv/backups/golden.json
diff:
  description: The difference of every changed image.
  returned: with --diff
  type: list
  elements: dict
  contains:
    before_header:
      description: The name, the id and the Region of the image.
      type: str
      returned: always
    after_header:
      description: The same.
      type: str
      returned: always
    before:
      description: The attributes as they were, one line for each text that is set and for each entry.
      type: str
      returned: always
    after:
      description: The attributes as they are now or, in check mode, would be, in the same form.
      type: str
      returned: always
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import argument_spec
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import run


def main() -> t.NoReturn:
    run(AnsibleAWSModule(argument_spec=argument_spec(IMAGES), supports_check_mode=True), IMAGES)


if __name__ == "__main__":
    main()
