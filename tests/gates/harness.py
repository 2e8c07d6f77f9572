# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every run of ansible-test needs around it: a home, a way to pip, and Pythons that start.

ansible-test hands on only PATH, HOME and a few more variables, so what pip takes from its environment or from the
user's own configuration has to be in the home it is given.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from importlib import util
from pathlib import Path

from .tree import TREE

GET_PIP = Path(__file__).with_name("get_pip.py")
HOME = Path("build/home")
LOGS = Path("build/logs")


def refuse_blanks() -> None:
    """End with a message where ansible-test fails with another: it starts programs by what their first line says."""
    if " " in str(Path.cwd()):
        sys.exit("ansible-test does not run where a directory has a space in its name: move the checkout")


def run(command: list[str], log: str, shown: re.Pattern[str]) -> tuple[int, str]:
    """Run ansible-test in the tree, keep all it says in build/logs, and print the lines that match `shown`.

    Returns its status and its whole output.
    """
    refuse_blanks()
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / log
    with (
        path.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            ["ansible-test", *command],
            cwd=TREE,
            env=environment(HOME.absolute()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            file.write(line)
            file.flush()
            if shown.search(line):
                print(f"    {line.rstrip()}", flush=True)
    return process.returncode, path.read_text(encoding="utf-8")


def environment(home: Path) -> dict[str, str]:
    """The variables to start ansible-test with, after preparing `home`."""
    provide_get_pip(home)
    return {**os.environ, "HOME": str(home), "PATH": search_path(os.environ.get("PATH", os.defpath))}


def provide_get_pip(home: Path) -> None:
    """Put our get-pip where ansible-test looks before it downloads the version it names."""
    cached = home / ".ansible" / "test" / "cache" / f"get_pip_{wanted_pip().replace('.', '_')}.py"
    cached.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(GET_PIP, cached)


def wanted_pip() -> str:
    """The version of pip that this ansible-test installs; it has no option that says so."""
    spec = util.find_spec("ansible_test")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("ansible-test is not installed")
    source = Path(spec.submodule_search_locations[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
    found = re.search(r"default_packages = dict\(\s*pip='([0-9.]+)'", source)
    if found is None:
        sys.exit("this version of ansible-test does not say in the known way which pip it wants")
    return found.group(1)


def search_path(path: str) -> str:
    """`path` with this Python first, and with the Pythons behind a directory of shims in the place of the shims.

    A shim is there for every version that is installed and fails for each that is not selected at the moment;
    ansible-test takes it for the Python it is named after.
    """
    directories = [str(Path(sys.executable).parent)]
    for directory in path.split(os.pathsep):
        if Path(directory).name == "shims":
            directories += sorted(str(found) for found in Path(directory).parent.glob("versions/*/bin"))
        else:
            directories.append(directory)
    return os.pathsep.join(dict.fromkeys(directories))


def write_pip_configuration(home: Path) -> None:
    """Write down in `home` what pip is configured with now, by whatever file or variable."""
    pip = [sys.executable, "-m", "pip"]
    listed = subprocess.run([*pip, "config", "list"], check=True, stdout=subprocess.PIPE, text=True)
    parser = RawConfigParser()
    for line in listed.stdout.splitlines():
        name, value = line.split("=", 1)
        section, option = name.rsplit(".", 1)
        section = "global" if section == ":env:" else section
        if not parser.has_section(section):
            parser.add_section(section)
        parser.set(section, option, ast.literal_eval(value).replace("\n", "\n  "))
    configuration = home / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.touch(mode=0o600)  # it may hold the password of an index
    with configuration.open("w", encoding="utf-8") as file:
        parser.write(file)


if __name__ == "__main__":
    # Once, when the virtual environment is made: with the home of the user, which the gates do not see.
    write_pip_configuration(HOME)
