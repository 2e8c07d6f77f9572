# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Ways to look at the pages that the role writes."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from unit.browser import CHROMIUM
from unit.browser import Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("the page was not opened in a browser: there is no chromium here (apt-get install chromium)")
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="session")
def page_of() -> t.Iterator[t.Callable[[dict[str, t.Any]], str]]:
    """Return the page that shows facts of the report. test_report_at_size.py compares it with what the role writes."""
    command = [sys.executable, str(Path(__file__).parents[1] / "pages.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        facts, pages = process.stdin, process.stdout

        def made(shown: dict[str, t.Any]) -> str:
            facts.write(f"{json.dumps(shown)}\n")
            facts.flush()
            return str(json.loads(pages.readline()))

        yield made
        facts.close()
