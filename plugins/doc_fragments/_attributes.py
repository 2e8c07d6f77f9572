# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this doc fragment is PRIVATE to the collection. It can have breaking changes at any time.

"""What the documentation of the collection's modules shares."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes blocks: one for modules that modify, and one for those that only read."""

    # What all modules have in common.
    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.9
notes:
  - "O(endpoint_url): if this is an AWS address, such as that of a VPC endpoint, the module uses it only for EC2, and
    only in its own Region. It calls KMS, Organizations and STS at their default addresses. Any other address, such as
    that of an emulator, is used for all of them, except for a service that has an address of its own in botocore's
    configuration (C(AWS_ENDPOINT_URL_KMS), or the C(services) section of the profile)."
  - "O(aws_config): by default, the module tries to connect up to ten times, with a timeout of five seconds each. If a
    proxy needs longer, set C(connect_timeout) here."
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
      - Whether to send every planned request with C(DryRun=true) before the first change. If EC2 denies any of them,
        nothing is changed anywhere.
      - This doubles the number of change requests. Check mode always does this, and changes nothing.
    type: bool
    default: false
    version_added: 1.0.0
  backup:
    description:
      - A file in which to save what is about to change, before the first change. M(amikit.aws.ami_sharing_restore) and
        the playbook C(amikit.aws.restore) can then undo the run, even if it was killed.
      - The file is JSON, with mode 0600. It gets its name only when it is complete. An earlier backup of the same name
        is renamed, with its time at the end. A symbolic link, or an existing file that is not a backup, is refused
        before any request. Missing directories are created.
      - No file is written in check mode, or if nothing changes.
      - A relative path starts at the directory in which C(ansible-playbook) was started. If the task runs on another
        host, the file is written there, and a relative path starts at the home directory of the user who logs in.
    type: path
    version_added: 1.0.0
  wait_timeout:
    description: The maximum duration of each wait that O(wait) describes, in seconds.
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
      - Every request is sent with C(DryRun=true), so the check fails if the caller is not authorized.
    support: full
  diff_mode:
    description: Returns the difference between the current state and the state asked for, when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row, without anything else changing in between, the second run changes nothing.
    support: full
"""

    INFO = r"""
options: {}
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
