# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the parts of the server share: the switches, the record, the buckets, and one lock over everything.

Only holding and resetting live here. moto builds its response objects itself, without arguments, so they find this by
the module-level ``STATE``.
"""

from __future__ import annotations

import threading

from moto.moto_api._internal.models import moto_api_backend
from moto.organizations.models import organizations_backends

from local_ec2.steering.faults import Faults
from local_ec2.steering.record import Record
from local_ec2.steering.switches import Switches
from local_ec2.steering.switches import enforce_iam


class State:
    """One server's state besides moto's own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.record = Record()
        self.switches = Switches()
        self.faults = Faults()

    def reset(self) -> None:
        """Forget images, IAM, organizations, records and switches."""
        with self.lock:
            moto_api_backend.reset()
            organizations_backends.master_accounts.clear()  # which moto forgets to
            self.record.clear()
            self.switches = Switches()
            self.faults = Faults()
            enforce_iam(False)


STATE = State()
