# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ami_sharing_place: where a report may be written, and that it replaces nothing but an earlier one."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

Json = dict[str, t.Any]
Run = t.Callable[..., Json]
PAGE = '\n<!doctype html>\n<html lang="en">\n<title>Who can launch what</title>\n<p>More.\n'
FACTS = '{\n    "accounts": [],\n    "images": [],\n    "made": "",\n    "preview": true,\n    "principals": []\n}\n'


@pytest.fixture
def place(run_module: Run, tmp_path: Path) -> t.Callable[[str], Json]:
    return lambda page: run_module("ami_sharing_place", page=str(tmp_path / page))


def write(tmp_path: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")


GOOD: dict[str, dict[str, str]] = {
    "nothing is there": {},
    "an earlier report": {"a/page.html": PAGE, "a/page.json": FACTS},
    "a page whose facts were removed": {"a/page.html": PAGE},
    "facts whose page was removed": {"a/page.json": FACTS},
}


@pytest.mark.parametrize("files", GOOD.values(), ids=list(GOOD))
def test_a_place_that_will_do(place: t.Callable[[str], Json], tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    result = place("a/page.html")
    assert not result["failed"], result["msg"]
    assert result["facts"] == f"{tmp_path}/a/page.json"
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in files} == files
    assert (tmp_path / "a").is_dir()


def test_directories_above_may_be_links(place: t.Callable[[str], Json], tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "link").symlink_to("pages")
    assert not place("link/new/page.html")["failed"]
    assert (tmp_path / "pages" / "new").is_dir()


BAD: dict[str, tuple[dict[str, str], str, str]] = {
    "a file of the user's": ({"page.html": "<p>Mine."}, "page.html", "page.html is there already"),
    "an empty file": ({"page.html": ""}, "page.html", "page.html is there already"),
    "another page in the place of a report": (
        {"page.html": PAGE.replace("launch", "lunch")},
        "page.html",
        "page.html is there already",
    ),
    "facts of something else": (
        {"page.html": PAGE, "page.json": '{"accounts": []}'},
        "page.html",
        "page.json is there already",
    ),
    "a page named as the facts": ({}, "page.json", "the page needs another name"),
    "a directory": ({"page.html/file": ""}, "page.html", "page.html is a directory"),
    "a directory in the place of the facts": (
        {"page.json/file": ""},
        "page.html",
        "page.json is a directory, and no place for the facts",
    ),
    "a file in the place of the directory": ({"file": ""}, "file/page.html", "file is not a directory"),
    "a file further up": ({"file": ""}, "file/new/page.html", "file/new is not a directory"),
}


@pytest.mark.parametrize(("files", "page", "problem"), BAD.values(), ids=list(BAD))
def test_a_place_that_will_not_do(
    place: t.Callable[[str], Json], tmp_path: Path, files: dict[str, str], page: str, problem: str
) -> None:
    write(tmp_path, files)
    result = place(page)
    assert result["failed"]
    assert result["msg"].startswith("ami_sharing_report: ")
    assert problem in result["hindrance"]
    assert result["msg"].endswith(f"{result['hindrance']}. Nothing was sent to EC2.")
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in files} == files


@pytest.mark.parametrize("target", ["page", "nothing", "directory"])
@pytest.mark.parametrize("link", ["page.html", "page.json"])
def test_a_link_is_not_replaced(place: t.Callable[[str], Json], tmp_path: Path, link: str, target: str) -> None:
    (tmp_path / "page").write_text(PAGE, encoding="utf-8")
    (tmp_path / "directory").mkdir()
    (tmp_path / link).symlink_to(target)
    assert f"{link} is a symbolic link" in place("page.html")["msg"]


def test_a_name_that_the_file_system_refuses(place: t.Callable[[str], Json]) -> None:
    assert "File name too long" in place(f"{'x' * 300}.html")["msg"]
