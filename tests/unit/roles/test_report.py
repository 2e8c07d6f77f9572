# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The page that the role writes: its facts, in words and marks, and what a browser shows."""

from __future__ import annotations

import html
import re
import typing as t
from html.parser import HTMLParser
from pathlib import Path

import pytest
from unit.browser import Browser

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
OWNER = "123456789012"
MINUS = "\N{MINUS SIGN}"
SHARED_HEAD = ["sharedami-0bbbbbbbbbbbbbbbb eu-west-1", "2", "public 2 outside +2 snapshots "]
EXACT_HEAD = [f"exact-{NASTY}ami-0aaaaaaaaaaaaaaaa us-east-1", "1", f"+1 {MINUS}1 "]
NAMES = {STRANGER: "Old <partner>", "123456789012": "Golden images"}


class Table(HTMLParser):
    """The cells of the matrix, as lists of texts: the first is the head."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(re.search(r'<table id="matrix".*?</table>', page, re.DOTALL)[0])  # type: ignore[index]

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
def write(run_module: t.Callable[..., dict[str, t.Any]], page_of: t.Callable[[dict[str, t.Any]], str]) -> Write:
    """Run policies, and return the page and its facts."""

    def run(*policies: dict[str, t.Any], check: bool = False, fails: bool = False) -> tuple[str, dict[str, t.Any]]:
        result = run_module("ec2_ami_sharing", policies=policies, report=True, account_names=NAMES, check=check)
        assert result["failed"] == fails, result
        return page_of(result["report"]), result["report"]

    return run


def said(page: str) -> list[str]:
    """Return the sentences that sum up."""
    (sentences,) = re.findall(r'<ul class="sum">(.*?)</ul>', page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", "", each)).strip() for each in re.split(r"<li[^>]*>", sentences)[1:]]


def test_the_page_says_who_has_access_and_what_changed(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    for check in (True, False):
        page, facts = write(EXACT, SHARED, check=check)
        assert facts["preview"] == check
        assert Table(page).rows == [
            [
                "Image",
                "Policies",
                "Notes",
                "everyone",
                f"{STRANGER} (Old <partner>)",
                "o-abcdefghij",
                KEPT,
                FORMER,
                NEW,
            ],
            [*SHARED_HEAD, "✱", "!", "+", "+", "", ""],
            [*EXACT_HEAD, "", "", "", "●", MINUS, "+"],
        ]
        assert '<th scope="col">Also changed' in page
        assert said(page) == [
            "2 images in 2 Regions, under 2 policies.",
            "1 image is public: any AWS account can launch it.",
            "2 permissions are outside of the policies: no policy here grants them.",
            "A run would change 2 images. It would grant 4 permissions and revoke 1, snapshots included."
            if check
            else "This run changed 2 images. It granted 4 permissions and revoked 1, snapshots included.",
        ]
        assert ("Preview: nothing was changed" in page) == check
        assert "images of 123456789012 (Golden images)" in page
        assert f"{STRANGER} (Old &lt;partner&gt;)" in page
        assert html.escape(NASTY, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")
        assert NASTY not in page
        assert "EC2 cannot share snapshots" in page
        assert facts["warnings"]


def test_without_other_changes_there_is_no_column_for_them(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    page, _facts = write(EXACT, check=True)
    (changes,) = re.findall(r'<table aria-labelledby="changes">(.*?)</table>', page, re.DOTALL)
    assert re.findall('<th scope="col">([^<]*)', changes) == ["Image", "Would be granted to", "Would be revoked from"]
    assert changes.count("<td>") == 2


def test_dates_protection_and_shared_tags_are_on_the_page(ec2: LocalEC2, write: Write) -> None:
    dated = {"deprecation_time": "2039-01-15T12:30:00.000Z", "deregistration_protection": "enabled-with-cooldown"}
    tags = {"team": "kernel", "ec2:SharedTag/status": "old", "ec2:SharedTag/note": NASTY[:25]}
    ec2.seed(SEEDS[0] | {"tags": tags}, SEEDS[1] | dated)
    life = {"shared_tags": {"status": "approved"}, "deregistration_protection": "enabled"}
    for check in (True, False):
        page, facts = write(EXACT | life, SHARED, check=check)
        assert [image["shared_tags"] for image in facts["images"]] == [
            {},
            {"note": NASTY[:25], "status": "approved"},
        ]
        (_head, shared, exact) = (row[2] for row in Table(page).rows)
        assert shared.endswith("snapshots deprecation 2039-01-15 12:30 UTCderegistration protection with cool-down")
        assert exact.endswith(
            f"shared_tags deregistration_protection deregistration protectionnote={NASTY[:25]}status=approved"
        )
        assert NASTY[:25] not in page


def test_a_failure_is_on_the_page(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    error = {"action": "ModifyImageAttribute", "code": "InvalidAMIID.Unavailable", "message": "Not <now>."}
    ec2.switch(errors_of={"ami-0aaaaaaaaaaaaaaaa": error})
    page, facts = write(EXACT, SHARED, fails=True)
    assert facts["summary"]["failed"] == 1
    assert said(page)[1] == "1 image failed. Why"
    assert [image["error"] for image in facts["images"]] == ["", "InvalidAMIID.Unavailable: Not <now>."]
    assert "<td>InvalidAMIID.Unavailable<td" in page
    assert "Not &lt;now&gt;." in page


def test_keys_that_recipients_cannot_use_are_on_the_page(ec2: LocalEC2, write: Write) -> None:
    open_, closed = ec2.seed_keys({"policy": statement({"AWS": "*"})}, {"policy": statement({"AWS": OWNER})})
    behind = [{"encrypted": True, "kms_key_id": key["arn"]} for key in (open_, closed)]
    ec2.seed({**SEEDS[0], "snapshots": behind}, {"name": "exact-2", "snapshots": behind[1:]})
    page, facts = write({**EXACT, "kms_autoscaling": True}, check=True)
    assert [(key["key_id"], key["images"], key["lacking"], key["unknown"]) for key in facts["kms_keys"]] == [
        (closed["key_id"], 2, [KEPT, NEW], []),
        (open_["key_id"], 1, [], [KEPT, NEW]),
    ]
    # Whoever lacks the key is not said to lack it for Auto Scaling groups as well.
    assert [key["lacking_autoscaling"] for key in facts["kms_keys"]] == [[], []]
    assert [key["unknown_autoscaling"] for key in facts["kms_keys"]] == [[], [KEPT, NEW]]
    assert "1 key is closed to somebody who is granted an encrypted image. Who" in said(page)
    (table,) = re.findall(r'<table aria-labelledby="keys">(.*?)</table>', page, re.DOTALL)
    rows = [re.sub("<[^>]*>", " ", row).split() for row in table.split("<tr>")[2:]]
    names = [f"{KEPT},", NEW]
    groups = ["Auto", "Scaling:", *names]
    assert rows == [[closed["key_id"], "us-east-1", "2", *names], [open_["key_id"], "us-east-1", "1", *names, *groups]]
    page, facts = write({**EXACT, "kms": "share"})
    shared = [(key["users"], key["lacking"], key["changed"]) for key in facts["kms_keys"]]
    assert shared == [([KEPT, NEW], [], True)] * 2
    assert [image["changes"] for image in facts["images"]] == [["keys"], ["keys"]]
    assert 'id="keys"' not in page
    assert "keys closed" not in " ".join(said(page))


def statement(principal: dict[str, str]) -> dict[str, t.Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}],
    }


def test_nothing_to_tell(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    nothing = {"filters": {"name": "none"}, "allow_empty": True}
    page, _facts = write({"name": "None", "pattern": "share", "principals": [KEPT, ORGANIZATION], **nothing})
    assert said(page) == [
        "No images in no Regions, under 1 policy.",
        "No images are public.",
        "No permissions are outside of the policies.",
        "This run changed nothing.",
    ]
    assert Table(page).rows == [["Image", "Policies", "Notes", "o-abcdefghij", KEPT]]


def test_the_page_needs_nothing_else(ec2: LocalEC2, write: Write) -> None:
    ec2.seed(*SEEDS)
    page, _facts = write(EXACT, check=True)
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|//[a-z]|\ssrc=|<link|@import|url\(|fetch\(|XMLHttpRequest", page)


def test_a_browser_shows_it(ec2: LocalEC2, write: Write, browser: Browser, tmp_path: Path) -> None:
    ec2.seed(*SEEDS)
    page, _facts = write(EXACT, SHARED, check=True)
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    browser.open(tmp_path / "report.html")
    dom = browser.run("document.documentElement.outerHTML")
    assert [row[:3] for row in Table(dom).rows] == [row[:3] for row in Table(page).rows]
    # Only the script writes this, and takes the hidden attribute away.
    assert "2 of 2 images</output>" in dom
    assert '<form id="find" role="search"><input' in dom
    # What is nasty is a text, and no element of the page.
    assert dom.count("<script>") == 1
    assert html.escape(NASTY, quote=False) in dom
    # Whoever hears the page hears a table, although it is not laid out as one.
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes]
    names = [node["name"]["value"] for node in nodes if node["role"]["value"] == "rowheader"]
    assert "table" in roles
    assert "shared ami-0bbbbbbbbbbbbbbbb eu-west-1" in names
