# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An error of KMS, in the form that moto takes from its operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.exceptions import JsonRESTError

from local_ec2.api.errors import Ec2Error

if TYPE_CHECKING:
    from local_ec2.api.errors import Kind


class KmsError(JsonRESTError):
    """A row of the table of errors, with its values filled in."""

    def __init__(self, kind: Kind, **values: object) -> None:
        error = Ec2Error(kind, **values)
        super().__init__(error.code, error.message)
        self.code = error.status
