# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""XML from plain values. Only rendering lives here: no names of EC2's.

moto's serializer walks the service model for every value and costs tens of milliseconds for 200 images; string joining
costs about one.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape

Value: TypeAlias = str | bool | Sequence["Value"] | Mapping[str, "Value"] | None


def element(name: str, value: Value, attributes: str = "") -> str:
    """One element. A list becomes ``item`` elements; ``None`` gives nothing, and an empty mapping an empty element."""
    if value is None:
        return ""
    inner = content(value)
    return f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"


def content(value: Value) -> str:
    """What stands between the tags."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return "".join(element(name, inner) for name, inner in value.items())
    return "".join(element("item", inner) for inner in value or ())
