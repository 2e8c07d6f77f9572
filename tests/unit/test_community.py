# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the community and certification ask for is there, and the workflow lets nothing through that failed."""

from __future__ import annotations

import re
import typing as t

import yaml
from unit.documentation import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
JOBS: dict[str, t.Any] = yaml.safe_load(WORKFLOW)["jobs"]
HEADER = re.compile(
    r"\A(#!.*\n)?(# |<!-- )Copyright: Contributors to the amikit\.aws collection.*\n"
    r"(# |<!-- )GNU General Public License v3\.0\+ \(see LICENSE or https://www\.gnu\.org/licenses/gpl-3\.0\.txt\)"
)


def met_by() -> list[str]:
    """Return the last cell of each row of the table of requirements."""
    _before, section = CONTRIBUTING.split("## What the community and certification ask for\n")
    rows = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    return [row.split("|")[-2] for row in rows[2:]]


def test_what_meets_a_requirement_is_there() -> None:
    named = {name for name in re.findall(r"`([^` ]+)`", " ".join(met_by())) if name != "manifest"}
    assert {"LICENSE", ".ansible-lint", "galaxy.yml"} <= named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_python_files_and_guides_name_their_licence() -> None:
    """What others read as it is, or what is generated, does not: REUSE.toml has its licence."""
    named = [*ROOT.glob("*/**/*.py"), *ROOT.glob("docs/*.md"), *ROOT.glob("extensions/**/*.md")]
    assert [path for path in named if HEADER.search(path.read_text(encoding="utf-8")) is None] == []


def test_the_readme_has_the_sections_of_certification() -> None:
    shown = re.findall(r"^## (.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    asked = [
        "Requirements",
        "Installation",
        "Use cases",
        "Testing",
        "Support",
        "Communication",
        "Release notes",
        "License",
    ]
    assert [title for title in shown if title in asked] == asked


def test_what_users_run_needs_none_of_the_other_directories() -> None:
    """Those who package collections may leave them out."""
    run = [path for name in ("meta", "playbooks", "plugins", "roles") for path in (ROOT / name).rglob("*.*")]
    files = {path: path.read_text(encoding="utf-8") for path in run if path.suffix in {".j2", ".py", ".yml"}}
    assert [path for path, text in files.items() if re.search(r"\b(docs|extensions|tests)/", text)] == []


def test_a_job_is_green_only_when_all_others_are() -> None:
    assert set(JOBS["green"]["needs"]) == set(JOBS) - {"green"}
    assert JOBS["green"]["if"] == "always()"
    (step,) = JOBS["green"]["steps"]
    assert step == {
        "name": "Fail if anything failed, or was canceled",
        "if": "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')",
        "run": "exit 1",
    }


def test_actions_are_pinned_by_their_commits() -> None:
    used = re.findall(r"uses: (.*)", WORKFLOW)
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", each)] == []


def test_sanity_runs_on_every_core_that_the_collection_takes() -> None:
    matrix = (ROOT / "tests" / "gates" / "matrix.py").read_text(encoding="utf-8")
    cores = set(re.findall(r'"(2\.\d+)', matrix))
    assert {f"stable-{core}" for core in cores} | {"devel"} == set(JOBS["sanity"]["strategy"]["matrix"]["core"])
