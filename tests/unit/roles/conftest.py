# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Ways to run playbooks with the role against the embedded EC2, and to look at the pages that it writes."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from unit.browser import CHROMIUM
from unit.browser import Browser
from unit.users import users_environment

from local_ec2.client import LocalEC2

Ended = subprocess.CompletedProcess[str]


@pytest.fixture
def playbook(ec2: LocalEC2, tmp_path: Path) -> t.Callable[..., Ended]:
    """Run a playbook of the collection, or plays, with variables. All that is printed is in ``stdout``."""
    environment = {**users_environment(tmp_path), **ec2.environment()}

    def run(
        name: str | list[dict[str, t.Any]], *words: str, others: t.Mapping[str, str] | None = None, **variables: t.Any
    ) -> Ended:
        (tmp_path / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        if not isinstance(name, str):
            (tmp_path / "plays.yml").write_text(json.dumps(name), encoding="utf-8")
            name = "plays.yml"
        return subprocess.run(
            ["ansible-playbook", name, "-e", "@variables.json", *words],
            check=False,
            env={**environment, **(others or {})},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    return run


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
