# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The demo: the images of `make ec2` are shared by a task and by policies, step by step. `make demo` runs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import typing as t
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from local_ec2.client import LocalEC2

WORK = HERE.parent / "build" / "demo"
REPORT = WORK / "report.html"
PICTURE = WORK / "report.png"
SIZE = "1280,1780"  # pixels, which hold the whole page


class Step(t.NamedTuple):
    """What a step shows, its playbooks with their options, a note about them, and whether they should fail."""

    title: str
    commands: list[str]
    note: str = ""
    fails: bool = False


SHARE = "amikit.aws.share -e @policies.yml"
ALLOWED = "-e ami_sharing_max_revocations=2"
STEPS = [
    Step("Preview: one more account is one more line", ["share.yml --check --diff"]),
    Step("Share in two Regions, then run it again: nothing is left to change", ["share.yml", "share.yml"]),
    Step(
        "Policies, for all images that a search finds: stopped, because no revocations are allowed",
        [SHARE],
        "demo/policies.yml: an account and an organization can launch golden-*, nobody else; the toolbox is public.",
        fails=True,
    ),
    Step(
        "The same, with two revocations allowed, a backup and a report",
        [f"{SHARE} {ALLOWED} -e ami_sharing_backup=backup.json -e ami_sharing_report=report.html"],
    ),
    Step("Undo that run", ["amikit.aws.restore -e backup=backup.json"]),
]
INTRODUCTION = """\
An EC2 starts on this machine, with a few images. Nothing here reaches AWS. This task shares two of the images:

{task}
Blank lines, recaps, and tasks of the role that only say "ok" are left out of Ansible's output.\
"""


def main() -> int:
    begun = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(HERE, WORK, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    _head, task = (WORK / "share.yml").read_text(encoding="utf-8").split("  tasks:\n")
    print(INTRODUCTION.format(task=task))
    with LocalEC2(seed=True) as ec2:
        for number, step in enumerate(STEPS, start=1):
            run(ec2, number, step)
    print(f"\nThe report of step 4, who can launch what: {show_report()}")
    print(f"The demo took {time.monotonic() - begun:.0f} s. `make ec2` starts the same EC2 for your own playbooks.")
    return 0


def run(ec2: LocalEC2, number: int, step: Step) -> None:
    """Run a step and count its requests; stop the demo when it does not end as it should."""
    print(f"\n── {number}. {step.title} ".ljust(101, "─") + (f"\n{step.note}" if step.note else ""))
    for command in step.commands:
        print(f"$ ansible-playbook {command}", flush=True)
        ec2.clear()
        status = play(command, ec2.environment())
        if (status != 0) != step.fails:
            sys.exit(f"This should have {'failed' if step.fails else 'passed'}; its exit status is {status}.")
        print(f"EC2 received {requests(ec2)}.")


def requests(ec2: LocalEC2) -> str:
    writes = [request for request in ec2.requests() if request["action"].startswith("Modify")]
    dry_runs = sum(request["dry_run"] for request in writes)
    reads = len(ec2.requests()) - len(writes)
    return f"{reads} reads, {dry_runs} DryRuns, {len(writes) - dry_runs} changes"


def play(command: str, environment: dict[str, str]) -> int:
    """Run a playbook, print what it says, and return its exit status."""
    colors = {"ANSIBLE_FORCE_COLOR": "1"} if sys.stdout.isatty() else {"ANSIBLE_NOCOLOR": "1"}
    with subprocess.Popen(
        ["ansible-playbook", *command.split()],
        cwd=WORK,
        env={**os.environ, **environment, **colors},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for part in parts(process.stdout or ()):
            print(*shortened(part, command.startswith("amikit.")), sep="", end="", flush=True)
    return process.returncode


COLOR = re.compile(r"\x1b\[[\d;]*m")
HEAD = re.compile(r"(?:PLAY|TASK) .*\*{3}$")
OK_ALONE = re.compile(r"(?:ok|skipping): \[localhost\](?: => \(item=.*\))?$|included: ")


def parts(lines: t.Iterable[str]) -> t.Iterator[list[str]]:
    """Yield what is printed from the head of a play, a task or the recap to the next one, without blank lines."""
    part: list[str] = []
    for line in lines:
        if HEAD.match(line):
            yield part
            part = []
        if COLOR.sub("", line).strip():
            part.append(line)
    yield part


def shortened(part: list[str], by_name: bool) -> list[str]:
    """Leave out recaps, heads of plays, and tasks of the collection's own playbooks that say only ok."""
    if not part or part[0].startswith("PLAY RECAP "):
        return []
    if part[0].startswith("PLAY ["):
        return part[1:]
    says_ok_alone = all(OK_ALONE.match(COLOR.sub("", line)) for line in part[1:])
    return [] if by_name and part[0].startswith("TASK ") and says_ok_alone else part


def show_report() -> str:
    """Open the report where there is a display, else make a picture of it where there is Chromium; say where it is."""
    path = str(REPORT.relative_to(HERE.parent))
    if opener := opening():
        # The browser is that of the user, and its settings are in the user's home, which `make` replaces.
        environment = {**os.environ, "HOME": os.environ.get("AMIKIT_USER_HOME") or os.environ["HOME"]}
        null = subprocess.DEVNULL
        subprocess.Popen(
            [opener, str(REPORT)], env=environment, stdin=null, stdout=null, stderr=null, start_new_session=True
        )
        return f"{path}, now in your browser"
    if chromium := shutil.which("chromium"):
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={SIZE}"]
        profile = f"--user-data-dir={WORK / 'chromium'}"
        command = [chromium, *flags, profile, f"--screenshot={PICTURE}", REPORT.as_uri()]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, check=False, capture_output=True, timeout=30)
    return f"{path} (picture: {PICTURE.relative_to(HERE.parent)})" if PICTURE.exists() else path


def opening() -> str | None:
    """Return the program that opens a page in the user's browser, if there is a display to open it on."""
    if sys.platform == "darwin":
        return "open"
    return shutil.which("xdg-open") if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") else None


if __name__ == "__main__":
    sys.exit(main())
