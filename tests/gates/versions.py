# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say in one line what the gates were run with."""

from __future__ import annotations

import json
import platform
import sysconfig
from importlib.metadata import version
from pathlib import Path


def amazon_aws() -> str:
    manifest = Path(sysconfig.get_path("purelib"), "ansible_collections", "amazon", "aws", "MANIFEST.json")
    found: str = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    return found


def versions() -> str:
    packages = [f"{name} {version(name)}" for name in ("ansible-core", "boto3", "moto")]
    return ", ".join([f"with Python {platform.python_version()}", *packages, f"amazon.aws {amazon_aws()}"])
