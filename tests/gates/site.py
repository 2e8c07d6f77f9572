# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the documentation as a site of static pages in build/site: the modules, the role and the guides."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .harness import LOGS

WORK = Path("build/sphinx")
SITE = Path("build/site")
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
    *("--squash-hierarchy", "--dest-dir", str(WORK / "rst"), TITLE),
]
BUILD = ["sphinx-build", "-q", "-w", str(WARNINGS), "-c", str(WORK), str(WORK / "rst"), str(SITE)]
CONFIGURATION = """
html_static_path = ["_static"]
html_css_files = ["site.css"]
# What is documented elsewhere is not looked up: the site is built without a network.
intersphinx_mapping = {}
"""
# Labels of Ansible's own documentation and of amazon.aws, which the generated pages refer to.
ELSEWHERE = (
    "'ansible_collections.amazon.aws.",
    "'action_plugins'",
    "'common_return_values'",
    "'ansible_configuration_settings'",
)


def prepare() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "_static").mkdir(parents=True)
    # antsibull-docs writes only where nobody else can.
    WORK.chmod(0o755)
    run(INIT)
    with (WORK / "conf.py").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    shutil.copyfile(Path(__file__).with_name("site.css"), WORK / "_static" / "site.css")


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}{' '.join(command)}: status {done.returncode}")


def main() -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    prepare()
    shutil.rmtree(SITE, ignore_errors=True)
    run(COLLECT)
    run(BUILD)
    warnings = WARNINGS.read_text(encoding="utf-8").splitlines()
    findings = [line for line in warnings if not any(label in line for label in ELSEWHERE)]
    print(*findings, sep="\n", end="\n" if findings else "")
    print(f"    {len(list(SITE.glob('**/*.html')))} pages: {SITE / 'index.html'}")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
