# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the documentation as a site of static pages in build/site: the modules, the role and the guides."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

from .harness import LOGS

WORK = Path("build/sphinx")
SOURCE = WORK / "source"
SITE = Path("build/site")
DOCS = Path("docs")
WARNINGS = LOGS / "site.log"
TITLE = "amikit.aws"
INIT = [
    *("antsibull-docs", "sphinx-init", "--use-current", "--lenient", "--squash-hierarchy", "--dest-dir", str(WORK)),
    # A theme that is light or dark as the reader's system is, and the colours of antsibull's tables likewise.
    *("--sphinx-theme", "furo", "--extra-conf", "antsibull_ext_color_scheme=default-autodark"),
    *("--project", TITLE, "--title", TITLE, "--copyright", "Contributors to the amikit.aws collection"),
    TITLE,
]
COLLECT = [
    *("antsibull-docs", "--config-file", str(WORK / "antsibull-docs.cfg"), "collection", "--use-current"),
    *("--squash-hierarchy", "--dest-dir", str(SOURCE), TITLE),
]
BUILD = ["sphinx-build", "-q", "-w", str(WARNINGS), "-c", str(WORK), str(SOURCE), str(SITE)]
CONFIGURATION = """
extensions.append("myst_parser")
myst_heading_anchors = 3
html_static_path = ["_static"]
html_css_files = ["site.css"]
# What is documented elsewhere is not looked up: the site is built without a network.
intersphinx_mapping = {}
"""
# Where the guides say that they, the generated pages and the pictures are: Galaxy shows no relative link.
PUBLISHED = "https://amikit.github.io/amikit.aws/"
PICTURES = "https://raw.githubusercontent.com/amikit/amikit.aws/main/docs/"
# The generated page that lists the modules and the role. Its name is that of the landing page.
REFERENCE = "reference.rst"
# Labels of Ansible's own documentation and of amazon.aws, which the generated pages refer to.
ELSEWHERE = (
    "'ansible_collections.amazon.aws.",
    "'action_plugins'",
    "'common_return_values'",
    "'ansible_configuration_settings'",
)


def prepare() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    # antsibull-docs writes only where nobody else can.
    for directory in (WORK, WORK / "_static", SOURCE):
        directory.mkdir(mode=0o755, parents=True)
    run(INIT)
    with (WORK / "conf.py").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    shutil.copyfile(Path(__file__).with_name("site.css"), WORK / "_static" / "site.css")


def take_guides() -> None:
    """Put the guides beside the generated pages, and their index in front of both."""
    generated = (SOURCE / "index.rst").read_text(encoding="utf-8")
    (SOURCE / "index.rst").unlink()
    title = "Modules and role"
    named = generated.replace("Amikit.Aws\n==========", f"{title}\n{'=' * len(title)}")
    (SOURCE / REFERENCE).write_text(named, encoding="utf-8")
    shutil.copytree(DOCS / "images", SOURCE / "images")
    for path in DOCS.glob("[a-z]*.md"):
        (SOURCE / path.name).write_text(local(path.read_text(encoding="utf-8")), encoding="utf-8")
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    (SOURCE / "index.md").write_text(local(index) + "".join(contents(index)), encoding="utf-8")


def local(text: str) -> str:
    """Return a page whose links and pictures are those of this build, which Sphinx then looks up."""
    text = text.replace(PICTURES, "").replace(f"({PUBLISHED})", "(index.md)")
    return re.sub(rf"{re.escape(PUBLISHED)}(\w+)\.html", lambda found: page(found[1]), text)


def page(name: str) -> str:
    return f"{name}.md" if (DOCS / f"{name}.md").is_file() else f"{name}.rst"


def contents(index: str) -> t.Iterator[str]:
    """Yield a table of contents for each section of the index: the pages that it links to, in that order."""
    for section in index.split("\n## ")[1:]:
        pages = dict.fromkeys(re.findall(rf"{re.escape(PUBLISHED)}(\w+)\.html\)", section))
        if pages:
            lines = ["```{toctree}", ":hidden:", f":caption: {section.splitlines()[0]}", "", *pages, "```"]
            yield "\n".join(["", *lines, ""])


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}{' '.join(command)}: status {done.returncode}")


def main() -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    prepare()
    shutil.rmtree(SITE, ignore_errors=True)
    run(COLLECT)
    take_guides()
    run(BUILD)
    warnings = WARNINGS.read_text(encoding="utf-8").splitlines()
    findings = [line for line in warnings if not any(label in line for label in ELSEWHERE)]
    print(*findings, sep="\n", end="\n" if findings else "")
    print(f"    {len(list(SITE.glob('**/*.html')))} pages: {SITE / 'index.html'}")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
