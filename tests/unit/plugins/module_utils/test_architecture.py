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

UTILS = pathlib.Path(plan.__file__).parents[1]
# A file imports only what stands before it, for type checking too, so there is no circle.
ORDER = [
    "_attributes.permissions",
    "_attributes.dates",
    "_attributes.attribute",
    "_attributes.plan",
    "_attributes.resource",
    "_attributes.images",
    "_attributes.snapshots",
    "_attributes.key_policy",
    "_attributes.keys",
    "_attributes.subject",
    "_attributes.options",
    "_attributes.backup",
    "_attributes.tree",
    "_attributes.progress",
    "_attributes.runtime",
    "_attributes.proxies",
    "_attributes.ec2",
    "_attributes.session",
    "_attributes.result",
    "_attributes.reading",
    "_attributes.managed_keys",
    "_attributes.quotas",
    "_attributes.predicting",
    "_attributes.sending",
    "_attributes.waiting",
    "_attributes.keeping",
    "_attributes.fleet",
    "_attributes.search",
    "_attributes.organization",
    "_attributes.modify",
    "_sharing.policies",
    "_sharing.options",
    "_sharing.legs",
    "_sharing.merge",
    "_sharing.work",
    "_sharing.guards",
    "_sharing.passes",
    "_sharing.recipients",
    "_sharing.outcome",
    "_sharing.report",
    "_sharing.answer",
    "_sharing.applying",
    "_sharing.encrypted",
    "_sharing.run",
    "_sharing.undoing",
    "_sharing.restore",
    "_sharing.place",
]
# What decides who is granted and who is revoked, without the standard library's clock, files and network.
SENDING = [f"_sharing.{name}" for name in ("applying", "encrypted", "run", "restore", "place")]
PURE = (
    ORDER[: ORDER.index("_attributes.progress")]
    + ["_attributes.result"]
    + [name for name in ORDER if name.startswith("_sharing.") and name not in SENDING]
)


def file_of(name: str) -> pathlib.Path:
    return UTILS / f"{name.replace('.', '/')}.py"


def imported(name: str, *, at_run_time: bool = False) -> set[str]:
    """Return the modules that a file imports, those of the collection by their names in ORDER."""
    tree = ast.parse(file_of(name).read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if at_run_time and id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom):
            names.update(_modules(name.split(".")[: -node.level] if node.level else [], node))
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


def _modules(package: list[str], node: ast.ImportFrom) -> list[str]:
    """Return the modules that one statement imports: a name of a package may be a module in it."""
    module = ".".join([*package, *filter(None, [node.module])])
    return [f"{module}.{alias.name}" if f"{module}.{alias.name}" in ORDER else module for alias in node.names]


def test_the_order_names_every_file() -> None:
    files = [file for package in ("_attributes", "_sharing") for file in (UTILS / package).glob("*.py")]
    assert {f"{file.parent.name}.{file.stem}" for file in files} == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_file_imports_only_what_stands_before_it(name: str) -> None:
    siblings = {module for module in imported(name) if module.startswith(("_attributes", "_sharing"))}
    assert siblings <= set(ORDER[: ORDER.index(name)])


@pytest.mark.parametrize("name", [name for name in ORDER if name != "_attributes.ec2"])
def test_only_the_edge_imports_boto3_or_amazon_aws(name: str) -> None:
    assert not [module for module in imported(name, at_run_time=True) if module.startswith(("boto", "ansible"))]


@pytest.mark.parametrize("name", PURE)
def test_what_is_pure_imports_nothing_that_waits_or_writes(name: str) -> None:
    used = imported(name, at_run_time=True) - set(ORDER)
    assert used <= {
        "__future__",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "functools",
        "itertools",
        "json",
        "math",
        "re",
        "types",
        "typing",
    }


def test_planning_and_policies_need_neither_ansible_nor_boto3() -> None:
    program = (
        "import importlib, sys; sys.modules.update(ansible=None, boto3=None, botocore=None);"
        "utils = 'ansible_collections.amikit.aws.plugins.module_utils.';"
        f"found = [importlib.import_module(utils + name) for name in {PURE}];"
        "print(found[3].make_plan(found[3].Attributes(()), ()).requests)"
    )
    root = UTILS.parents[4]
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("()\n", "")
