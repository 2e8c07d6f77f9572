# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let galaxy-importer check the tarball as Galaxy and Automation Hub do, with no finding left over.

Its exit status shows only what it refuses; findings of documentation, lint and changelog are lines of its log.
It also renders README.md and docs/*.md for Galaxy, with a Markdown that differs from GitHub's: both must show the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t

from galaxy_importer.utils import markup
from markdown_it import MarkdownIt

from .harness import LOGS
from .tarball import DIST

# ansible-test is left out: here it is a gate of its own, and the importer would run it in a container.
CONFIGURATION = """\
[galaxy-importer]
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
OFFLINE_ANSIBLE_LINT = True
RUN_FLAKE8 = True
CHECK_CHANGELOG = True
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_TEST = False
"""
FINDING = re.compile(r"^(ERROR|WARNING)\b.*", re.MULTILINE)

# What a page is made of. A renderer that does not take a block, a table or a list shows its source.
ELEMENTS = ("h1", "h2", "h3", "p", "pre", "table", "tr", "td", "li", "a", "code", "strong", "img")


def elements(html: str) -> dict[str, int]:
    return {name: len(re.findall(rf"<{name}[ >]", html)) for name in ELEMENTS}


def differences() -> t.Iterator[str]:
    """Yield the pages of which Galaxy shows something other than GitHub does."""
    github = MarkdownIt("commonmark").enable("table")
    for page in [markup.get_readme_doc_file("."), *markup.get_doc_files("docs")]:
        theirs, ours = elements(markup.get_html(page)), elements(github.render(page.text))
        if wrong := [f"{name}: {theirs[name]}, not {ours[name]}" for name in ELEMENTS if theirs[name] != ours[name]]:
            yield f"{page.name}: Galaxy shows {', '.join(wrong)}"


def main() -> int:
    (tarball,) = DIST.glob("amikit-aws-*.tar.gz")
    LOGS.mkdir(parents=True, exist_ok=True)
    configuration = LOGS / "galaxy-importer.cfg"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    # It brings its own path of collections, and takes amazon.aws from the packages of its Python.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(tarball.absolute())],
        env={**environment, "GALAXY_IMPORTER_CONFIG": str(configuration.absolute())},
        cwd=LOGS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (LOGS / "importer.log").write_text(done.stdout, encoding="utf-8")
    findings = [*(found[0] for found in FINDING.finditer(done.stdout)), *differences()]
    print(*(f"    {finding}" for finding in findings), sep="\n", end="\n" if findings else "")
    print(f"    status {done.returncode}, {len(findings)} findings; the full output: build/logs/importer.log")
    return done.returncode or bool(findings)


if __name__ == "__main__":
    sys.exit(main())
