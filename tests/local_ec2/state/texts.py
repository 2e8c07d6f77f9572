# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attributes of an image that are texts: all that this EC2 has to know of one is its row.

Only the table lives here, and which values EC2 refuses. How a text is asked for, kept and shown is the same for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

DESCRIPTION = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True)
class Text:
    """``name`` is EC2's, ``field`` that of seeds and of the control API; ``reason`` is why EC2 refuses a value.

    ``missing`` is how EC2 names the parameter when its value is empty, which counts as missing.
    """

    name: str
    field: str
    reason: Callable[[str], str]
    missing: str

    @property
    def structure(self) -> str:
        """Its name in ModifyImageAttribute."""
        return self.name[0].upper() + self.name[1:]

    @property
    def filter(self) -> str:
        """Its name among the filters of DescribeImages."""
        return self.field.replace("_", "-")


def _description(value: str) -> str:
    """Observed: scylladb/scylladb#5435 (255 characters), wendylabsinc/WendyOS-Builder#56 (ASCII)."""
    if len(value) > 255:
        return "It exceeds 255 characters."
    if not DESCRIPTION.fullmatch(value):
        return "Character sets beyond ASCII are not supported."
    return "" if value == value.strip() else "It must not have leading or trailing whitespace."


def _imds_support(value: str) -> str:
    return "" if value == "v2.0" else "Expecting v2.0."


TEXTS = {
    text.name: text
    for text in (
        Text("description", "description", _description, "description"),
        Text("imdsSupport", "imds_support", _imds_support, "imdsSupport with value v2.0"),
    )
}
FIELDS = {text.field: text.name for text in TEXTS.values()}
FILTERS = {text.filter: text.name for text in TEXTS.values()}
