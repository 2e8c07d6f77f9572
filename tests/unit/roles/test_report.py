# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The page that the role writes: its facts, in HTML and JSON, its size, and what a browser shows."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import typing as t
from html.parser import HTMLParser
from pathlib import Path

import pytest

from local_ec2.client import LocalEC2

NASTY = """<script>alert("&")</script> {{ 1 + 1 }} 'x' </td>"""
KEPT, FORMER, NEW, STRANGER = "111122223333", "444455556666", "777788889999", "999900001111"
ORGANIZATION = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
EXACT = {"name": f"Exact {NASTY}", "pattern": "exclusive", "principals": [KEPT, NEW], "filters": {"name": "exact-*"}}
SHARED = {
    "name": "Shared",
    "pattern": "share",
    "principals": [KEPT, ORGANIZATION],
    "image_ids": ["eu-west-1:ami-0bbbbbbbbbbbbbbbb"],
    "snapshots": True,
}
SEEDS: list[dict[str, t.Any]] = [
    {
        "image_id": "ami-0aaaaaaaaaaaaaaaa",
        "name": f"exact-{NASTY}",
        "launch_permissions": {"user_ids": [KEPT, FORMER]},
    },
    {
        "image_id": "ami-0bbbbbbbbbbbbbbbb",
        "region": "eu-west-1",
        "name": "shared",
        "launch_permissions": {"user_ids": [STRANGER], "group_names": ["all"]},
    },
]
MINUS = "\N{MINUS SIGN}"
SHARED_HEAD = ["sharedami-0bbbbbbbbbbbbbbbb", "eu-west-1", "2", "public 2 outside +2 snapshots "]
EXACT_HEAD = [f"exact-{NASTY}ami-0aaaaaaaaaaaaaaaa", "us-east-1", "1", f"+1 {MINUS}1 "]
SLOW = 60  # seconds for a browser to start and show a page


class Table(HTMLParser):
    """The cells of the matrix, as lists of texts: the first is the head."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open = False
        self.feed(re.search(r'<table id="matrix">.*?</table>', page, re.DOTALL)[0])  # type: ignore[index]

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")


Write = t.Callable[..., tuple[str, dict[str, t.Any]]]


@pytest.fixture
def write(playbook: t.Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> Write:
    """Run the playbook share and return the page and the facts."""

    def run(*policies: dict[str, t.Any], words: t.Sequence[str] = (), status: int = 0) -> tuple[str, dict[str, t.Any]]:
        page = tmp_path / "new" / "report.html"
        done = playbook("amikit.aws.share", *words, ami_sharing_policies=policies, ami_sharing_report=str(page))
        assert done.returncode == status, done.stdout
        facts = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
        return page.read_text(encoding="utf-8"), facts

    return run


def shown(page: Path) -> str:
    """Return the text that Chromium shows, once the page's script has run."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("the page was not opened in a browser: there is no chromium here (apt-get install chromium)")
    home = page.parent / "chromium"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--dump-dom",
    ]
    done = subprocess.run(
        [chromium, *flags, f"--user-data-dir={home}", page.as_uri()],
        check=False,
        env={**os.environ, "HOME": str(page.parent)},
        capture_output=True,
        encoding="utf-8",
        timeout=SLOW,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_tells_what_the_facts_tell(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    for words in (["--check"], []):
        page, facts = write(EXACT, SHARED, words=words)
        assert facts["preview"] == bool(words)
        assert facts["summary"] == {
            "policies": 2,
            "images": 2,
            "regions": 2,
            "public": 1,
            "outside": 2,
            "changed": 2,
            "granted": 4,
            "revoked": 1,
            "failed": 0,
        }
        shared, exact = facts["images"]
        assert exact["name"] == f"exact-{NASTY}"
        assert (exact["added"], exact["removed"], exact["outside"]) == ([NEW], [FORMER], [])
        assert shared["public"]
        assert sorted(shared["outside"]) == [STRANGER, "all"]
        assert shared["changes"] == ["snapshots"]
        named = {principal["id"]: principal["named"] for principal in facts["principals"]}
        assert named == {"all": False, ORGANIZATION: True, KEPT: True, FORMER: False, NEW: True, STRANGER: False}
        assert Table(page).rows == [
            ["Image", "Region", "Policies", "Changes", "everyone", "o-abcdefghij", KEPT, FORMER, NEW, STRANGER],
            [*SHARED_HEAD, "✱", "+", "+", "", "", "!"],
            [*EXACT_HEAD, "", "", "●", MINUS, "+", ""],
        ]
        assert ("Preview: nothing was changed" in page) == bool(words)
        assert html.escape(NASTY, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")
        assert NASTY not in page
        assert "EC2 cannot share snapshots" in page
        assert facts["warnings"]


def test_a_failure_is_on_the_page(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    error = {"action": "ModifyImageAttribute", "code": "InvalidAMIID.Unavailable", "message": "Not <now>."}
    ec2.switch(image_errors={"ami-0aaaaaaaaaaaaaaaa": error})
    page, facts = write(EXACT, SHARED, status=2)
    assert facts["summary"]["failed"] == 1
    assert [image["error"] for image in facts["images"]] == ["", "InvalidAMIID.Unavailable: Not <now>."]
    assert "<td>InvalidAMIID.Unavailable<td" in page
    assert "Not &lt;now&gt;." in page


def test_five_hundred_images_and_fifty_principals(ec2: LocalEC2, write: Write, tmp_path: Path) -> None:
    principals = [f"{number:012}" for number in range(1, 51)]
    held = {"user_ids": principals[:30]}
    ec2.seed(*({"name": f"exact-{number:03}", "launch_permissions": held} for number in range(500)))
    page, facts = write({**EXACT, "principals": principals}, words=["--check"])
    assert len(page.encode()) < 1_000_000
    assert facts["summary"]["granted"] == 500 * 20
    rows = Table(page).rows
    assert len(rows) == 501
    assert {tuple(row[4:]) for row in rows[1:]} == {("●",) * 30 + ("+",) * 20}


def test_the_page_needs_nothing_else(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    page, _facts = write(EXACT, words=["--check"])
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|//[a-z]|\ssrc=|<link|@import|url\(|fetch\(|XMLHttpRequest", page)


def test_a_browser_shows_it(ec2: LocalEC2, write: Write, tmp_path: Path) -> None:
    ec2.seed(*SEEDS)
    page, _facts = write(EXACT, SHARED, words=["--check"])
    dom = shown(tmp_path / "new" / "report.html")
    assert [row[:2] for row in Table(dom).rows] == [row[:2] for row in Table(page).rows]
    # Only the script writes this, and takes the hidden attribute away.
    assert "2 of 2 images</span>" in dom
    assert '<p id="find"><input' in dom
    # What is nasty is a text, and no element of the page.
    assert dom.count("<script>") == 1
    assert html.escape(NASTY, quote=False) in dom
