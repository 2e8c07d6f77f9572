# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this doc fragment is PRIVATE to the collection. It can have breaking changes at any time.

"""What the documentation of the collection's modules shares."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes blocks, of modules that modify and of those that only read."""

    # What all modules are.
    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.9
notes:
  - "O(endpoint_url): an AWS address, such as that of a VPC endpoint, is used only for EC2 and only in its own Region.
    KMS and STS are called at their own addresses. Any other address, such as that of an emulator, is used for all of
    them, except for a service that has its own address in botocore's configuration (C(AWS_ENDPOINT_URL_KMS), or the
    C(services) section of the profile)."
  - "O(aws_config): by default, a connection is attempted up to ten times, with a timeout of five seconds each. If a
    proxy takes longer, set C(connect_timeout) here."
attributes:
  action_group:
    description: Use C(group/amikit.aws.aws) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - amikit.aws.aws
"""

    MODIFY = r"""
options:
  preflight:
    description:
      - Whether every planned request is sent with C(DryRun=true) before the first write. If EC2 denies any of them,
        nothing is changed anywhere.
      - Each planned request then takes two. Check mode asks the same without this option, and changes nothing.
    type: bool
    default: false
  backup:
    description:
      - Where to write what is about to be changed, before the first write to EC2. M(amikit.aws.ami_sharing_restore)
        and the playbook C(amikit.aws.restore) take the change back from there, even that of a run that was killed.
      - The file is JSON, of mode 0600, and complete before it has its name. Of an earlier backup in its place, the name
        ends in its time from then on. A symbolic link, or an existing file that is no backup, is refused before any
        request. Missing directories are created.
      - Nothing is written if nothing changes, or in check mode.
      - A relative path starts where C(ansible-playbook) was started.
    type: path
  wait_timeout:
    description: How long each of the waits that O(wait) speaks of may take, in seconds.
    type: int
    default: 120
  concurrency:
    description: The number of requests in flight, over all Regions together.
    type: int
    default: 16
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    details:
      - Every request that would be sent is sent with C(DryRun=true), so a caller who is not authorized fails the check.
    support: full
  diff_mode:
    description: Returns the difference between the current state and the state asked for, when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row, without anything else changing in between, the second run changes nothing.
    support: full
"""

    INFO = r"""
options:
  concurrency:
    description: The number of requests in flight, over all Regions together.
    type: int
    default: 16
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    details:
      - This module changes nothing.
    support: full
  diff_mode:
    description: Returns the difference between the current state and the state asked for, when in diff mode.
    details:
      - This module changes nothing, so there is no difference.
    support: N/A
  idempotent:
    description: When run twice in a row, without anything else changing in between, the second run changes nothing.
    details:
      - This module changes nothing.
    support: full
"""
