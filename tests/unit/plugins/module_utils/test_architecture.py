# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The map of the collection holds: who may import whom, and what touches AWS."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes import plan

UTILS = pathlib.Path(plan.__file__).parent
ORDER = [
    "permissions",
    "plan",
    "resource",
    "images",
    "snapshots",
    "options",
    "ec2",
    "result",
    "keys",
    "fleet",
    "search",
    "modify",
]


def imported_at_run_time(file: pathlib.Path) -> set[str]:
    """Return the modules that a file imports, those under TYPE_CHECKING aside."""
    tree = ast.parse(file.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    names: set[str] = set()
    for node in (node for node in ast.walk(tree) if id(node) not in typing_only):
        if isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


def test_the_order_names_every_file() -> None:
    assert {file.stem for file in UTILS.glob("*.py")} == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_file_imports_only_what_stands_before_it(name: str) -> None:
    siblings = {module[1:] for module in imported_at_run_time(UTILS / f"{name}.py") if module.startswith(".")}
    assert siblings <= set(ORDER[: ORDER.index(name)])


@pytest.mark.parametrize("name", [name for name in ORDER if name != "ec2"])
def test_only_the_edge_imports_boto3_or_amazon_aws(name: str) -> None:
    imported = imported_at_run_time(UTILS / f"{name}.py")
    assert not [module for module in imported if module.startswith(("boto", "ansible"))]


def test_the_planner_needs_neither_ansible_nor_boto3() -> None:
    program = (
        "import sys; sys.modules.update(ansible=None, boto3=None, botocore=None);"
        "from ansible_collections.amikit.aws.plugins.module_utils._attributes import images, options, plan, snapshots;"
        "print(plan.make_plan(plan.Attributes(()), ()).requests)"
    )
    root = UTILS.parents[5]
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("()\n", "")
