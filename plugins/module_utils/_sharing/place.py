# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The place of a report: whether a page and the facts beside it can be written there without replacing other files.

Looks at the file system of the host and creates a missing directory; nothing else is written.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# How the pages of every version of the role begin, and what the facts beside them contain.
_PAGE = re.compile(rb"\s*<!doctype html>.{0,2000}<title>Who can launch what</title>", re.DOTALL)
_FACTS = re.compile(rb'\s*\{\s*"accounts": \[.*"images": \[.*"preview": (true|false),.*"principals": \[', re.DOTALL)


def facts_of(page: Path) -> Path:
    """Return where the facts of a page are written."""
    return page.with_suffix(".json")


def hindrance(page: Path) -> str:
    """Return why a report cannot be written there, or nothing if it can; create its directory if it is missing."""
    if not page.name:
        return f"{page} is a directory, and not the name of a page"
    facts = facts_of(page)
    if page == facts:
        return "the page needs another name, because the facts beside it end in .json"
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(page.parent, os.W_OK | os.X_OK):
            return f"{page.parent} cannot be written to"
        return _replaces(page, _PAGE, "not the name of a page") or _replaces(facts, _FACTS, "no place for the facts")
    except (FileExistsError, NotADirectoryError):
        return f"{page.parent} is not a directory"
    except OSError as error:
        return f"{error.filename}: {error.strerror}"


def _replaces(file: Path, report: re.Pattern[bytes], instead: str) -> str:
    """Return why the file is not replaced: only an earlier report is, and never what a link points to."""
    if file.is_symlink():
        return f"{file} is a symbolic link, which a report does not replace"
    if not file.exists():
        return ""
    if file.is_dir():
        return f"{file} is a directory, and {instead}"
    if not file.is_file() or not report.match(file.read_bytes()):
        return f"{file} is there already and is not an earlier report, so it is not replaced"
    return ""
