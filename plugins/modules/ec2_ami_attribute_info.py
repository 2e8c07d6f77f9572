#!/usr/bin/python
# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options, documentation and entry point of the module; the work is done in module_utils/_attributes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_attribute_info
version_added: 0.1.0
short_description: Read the attributes of AMIs
description:
  - Finds AMIs by id or by search, in many Regions at once, and returns who can launch them.
  - Disabled and deprecated images are included.
  - Only the owner can read launch permissions. For an AMI of another account, they are null.
author:
  - The amikit contributors (@amikit)
options:
  image_ids:
    description:
      - The AMIs to read, as C(ami-…), or as C(REGION:ami-…), the form that Packer prints. You can use the whole
        comma-separated artifact string of Packer.
      - An element can also be an image as M(amikit.aws.ec2_ami_attribute) or this module returns it.
      - Duplicates are ignored. If an id does not exist, the task fails, and names every such id.
      - Without it, the module searches for images.
    type: list
    elements: raw
    aliases: [image_id]
  filters:
    description:
      - What to search for. The keys are EC2's filter names, such as V(name) or V(tag:Release). A value is a string or a
        list of strings, in which V(*) and V(?) are wildcards.
      - See U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html).
    type: dict
  owners:
    description:
      - Whose images to search for. Account ids, V(self), V(amazon) and V(aws-marketplace). The default is V(self).
      - An empty list is refused, as in O(regions) and O(filters).
    type: list
    elements: str
  regions:
    description: The Regions to search. The default is the Region of the task.
    type: list
    elements: str
  newest:
    description: Return only this many images of each Region, the newest by creation date.
    type: int
  concurrency:
    description: The number of requests in flight, over all Regions together.
    type: int
    default: 16
notes:
  - "The module needs the IAM permissions C(ec2:DescribeImages) and C(ec2:DescribeImageAttribute). If either is missing,
    the task fails. So null launch permissions always mean an AMI of another account."
seealso:
  - module: amikit.aws.ec2_ami_attribute
  - module: amikit.aws.ec2_snapshot_attribute
  - module: amazon.aws.ec2_ami_info
extends_documentation_fragment:
  - amikit.aws._attributes
  - amikit.aws._attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Who can launch the three newest golden images of each Region?
  amikit.aws.ec2_ami_attribute_info:
    regions: [us-east-1, eu-west-1]
    filters:
      name: golden-*
    newest: 3
  register: golden

- name: Share them with an account, in whatever Region they are
  amikit.aws.ec2_ami_attribute:
    image_ids: "{{ golden.images }}"
    launch_permissions:
      user_ids: ["111122223333"]

- name: Let the account copy them as well
  amikit.aws.ec2_snapshot_attribute:
    snapshot_ids: "{{ golden.images }}"
    create_volume_permissions:
      user_ids: ["111122223333"]

- name: Read two AMIs by their ids
  amikit.aws.ec2_ami_attribute_info:
    image_ids: us-east-1:ami-0123456789abcdef0,eu-west-1:ami-0fedcba9876543210
"""

RETURN = r"""
images:
  description:
    - The images. A search sorts them by Region, newest first. With O(image_ids), they have the order of that list.
    - You can use the list unchanged as O(amikit.aws.ec2_ami_attribute#module:image_ids) or
      O(amikit.aws.ec2_snapshot_attribute#module:snapshot_ids). If you extract only the ids, you lose the Regions.
    - If an image is deregistered while the task runs, a search leaves it out with a warning. With O(image_ids), the
      task fails.
  returned: success
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
      description: The name of the AMI.
      type: str
      returned: always
    owner_id:
      description: The account that owns the AMI.
      type: str
      returned: always
    state:
      description: The state, such as V(available), V(pending), V(failed) or V(disabled).
      type: str
      returned: always
    public:
      description: Whether everyone can launch the AMI.
      type: bool
      returned: always
    description:
      description: The description, or an empty string if the AMI has none.
      type: str
      returned: always
    imds_support:
      description: V(v2.0) if instances require IMDSv2 by default, otherwise null.
      type: str
      returned: always
    launch_permissions:
      description: Who can launch the AMI, sorted, in the structure of
        O(amikit.aws.ec2_ami_attribute#module:launch_permissions). Null for an AMI of another account.
      type: dict
      returned: always
      sample: {user_ids: ["111122223333"], group_names: [], org_arns: [], org_unit_arns: []}
    product_codes:
      description: The product codes.
      type: list
      elements: str
      returned: always
    boot_mode:
      description: The boot mode, or null if it is not set.
      type: str
      returned: always
    tpm_support:
      description: The version of NitroTPM, or null if it is not set.
      type: str
      returned: always
    deregistration_protection:
      description:
        - The deregistration protection in EC2's words, or null if EC2 does not return it. V(disabled),
          V(enabled-with-cooldown), V(enabled-without-cooldown), which is V(enabled) in
          O(amikit.aws.ec2_ami_attribute#module:deregistration_protection), or C(disabled after) and a time.
      type: str
      returned: always
    deprecation_time:
      description: When the AMI will be, or was, deprecated, or null if never.
      type: str
      returned: always
    last_launched_time:
      description: When the AMI was last used to launch an instance, or null if that is unknown or never happened.
      type: str
      returned: always
    creation_date:
      description: When the AMI was created.
      type: str
      returned: always
    image_allowed:
      description: Whether the AMI meets the account's Allowed AMIs criteria, or null if EC2 does not return it.
      type: bool
      returned: always
      version_added: 1.0.0
    watermarks:
      description: The watermarks of the AMI, as DescribeImages returns them. Its copies have them too.
      type: list
      elements: dict
      returned: always
      version_added: 1.0.0
      sample:
        - watermark_key: "123456789012:approved"
          source_image_region: us-east-1
          source_image_id: ami-0123456789abcdef0
          source_image_creation_time: "2026-11-01T10:00:00+00:00"
          watermark_creation_time: "2026-11-02T10:00:00+00:00"
    encrypted:
      description: Whether a snapshot behind the AMI is encrypted.
      type: bool
      returned: always
    snapshot_ids:
      description: The snapshots of every EBS volume of the AMI.
      type: list
      elements: str
      returned: always
      sample: [snap-0123456789abcdef0]
    tags:
      description: The tags.
      type: dict
      returned: always
    shared_tags:
      description: The tags that are visible to every account that the AMI is shared with, without their prefix.
      type: dict
      returned: always
      version_added: 1.0.0
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import EC2Error
from ansible_collections.amikit.aws.plugins.module_utils._attributes.ec2 import warn
from ansible_collections.amikit.aws.plugins.module_utils._attributes.options import InvalidOptionsError
from ansible_collections.amikit.aws.plugins.module_utils._attributes.result import failure_text
from ansible_collections.amikit.aws.plugins.module_utils._attributes.search import FindError
from ansible_collections.amikit.aws.plugins.module_utils._attributes.search import Search
from ansible_collections.amikit.aws.plugins.module_utils._attributes.search import by_id
from ansible_collections.amikit.aws.plugins.module_utils._attributes.search import by_search
from ansible_collections.amikit.aws.plugins.module_utils._attributes.search import parse_query
from ansible_collections.amikit.aws.plugins.module_utils._attributes.session import session

ARGUMENT_SPEC: dict[str, t.Any] = {
    "image_ids": {"type": "list", "elements": "raw", "aliases": ["image_id"]},
    "filters": {"type": "dict"},
    "owners": {"type": "list", "elements": "str"},
    "regions": {"type": "list", "elements": "str"},
    "newest": {"type": "int"},
    "concurrency": {"type": "int", "default": 16},
}


def main() -> t.NoReturn:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    warnings: list[str] = []
    try:
        ec2 = EC2(module, params["concurrency"])
        query = parse_query(params, ec2.region, ec2.endpoint_region)
        with session(ec2, params["concurrency"]) as runtime:
            if isinstance(query, Search):
                images, warnings = by_search(runtime, query)
            else:
                images = by_id(runtime, query)
    except (InvalidOptionsError, FindError) as error:
        module.fail_json(msg=str(error))
    except EC2Error as error:
        module.fail_json(msg=failure_text(error.failure))
    for warning in warnings:
        warn(warning)
    module.exit_json(changed=False, images=images)


if __name__ == "__main__":
    main()
