# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that the tests of this directory share. Fixtures are in conftest.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMAGE = "ami-0123456789abcdef0"
SNAPSHOT = "snap-0123456789abcdef0"
#: The commands of tests/requirements/clients.txt, and their Python.
CLIENTS = Path(f"{sys.prefix}-clients") / "bin"

#: (HTTP status, code, message) of an error.
Refusal = tuple[int, str, str]
#: Makes a boto3 client.
Connect = Callable[..., Any]
