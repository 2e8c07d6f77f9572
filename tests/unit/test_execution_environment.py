# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ansible-builder takes the execution environment of the pattern, and finds what the collection needs in one."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from unit.documentation import ROOT
from unit.documentation import blocks


def builder(*arguments: str, directory: Path) -> str:
    """Run ansible-builder and return what it prints."""
    command = [sys.executable, "-m", "ansible_builder", *arguments]
    done = subprocess.run(command, check=False, cwd=directory, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def created(definition: str, directory: Path) -> Path:
    """Write a definition, and return the directory that an image of it is built from."""
    (directory / "execution-environment.yml").write_text(definition, encoding="utf-8")
    # Without the option, the name of the file depends on whether there is Podman.
    builder("create", "--output-filename", "Containerfile", directory=directory)
    return directory / "context"


def of_the_collection(name: str) -> dict[str, t.Any]:
    """Return a YAML file of the collection."""
    content: dict[str, t.Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return content


# The definition of the pattern, which the guide links to


@pytest.fixture(scope="module")
def shown() -> str:
    name = "extensions/patterns/ami_sharing/exec_env/execution-environment.yml"
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def context(shown: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return created(shown, tmp_path_factory.mktemp("shown"))


def test_the_context_installs_what_the_definition_names(shown: str, context: Path) -> None:
    definition = yaml.safe_load(shown)
    needed = definition["dependencies"]
    containerfile = (context / "Containerfile").read_text(encoding="utf-8")
    for named in (
        definition["images"]["base_image"]["name"],
        needed["python_interpreter"]["package_system"],
        needed["ansible_core"]["package_pip"],
        needed["ansible_runner"]["package_pip"],
    ):
        assert named in containerfile
    assert (context / "_build" / "scripts" / "introspect.py").is_file()


def test_the_context_takes_this_version_of_the_collection(context: Path) -> None:
    installed = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    galaxy = of_the_collection("galaxy.yml")
    (wanted,) = installed["collections"]
    assert wanted["name"] == f"{galaxy['namespace']}.{galaxy['name']}"
    assert galaxy["version"] in SpecifierSet(wanted["version"])


def test_the_requirements_of_a_project_are_those_of_the_image(context: Path) -> None:
    (shown,) = [block.text for block in blocks("awx", "text") if "collections:" in block.text]
    installed = (context / "_build" / "requirements.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(shown) == yaml.safe_load(installed)


def test_the_context_leaves_packages_to_the_collections(context: Path) -> None:
    assert {path.name for path in (context / "_build").iterdir()} == {"requirements.yml", "scripts"}


@pytest.mark.parametrize("version", ["2.16.19", "2.17.0", "2.21.5"])
def test_the_image_has_an_ansible_core_that_the_collection_takes(shown: str, version: str) -> None:
    core = Requirement(yaml.safe_load(shown)["dependencies"]["ansible_core"]["package_pip"])
    assert (version in core.specifier) == (
        version in SpecifierSet(of_the_collection("meta/runtime.yml")["requires_ansible"])
    )


# What the collection says itself


def test_the_requirements_of_the_collection_are_a_definition_of_their_own(tmp_path: Path) -> None:
    """Paths in it begin at the root of the collection."""
    (tmp_path / "requirements.txt").write_bytes((ROOT / "requirements.txt").read_bytes())
    context = created((ROOT / "meta" / "execution-environment.yml").read_text(encoding="utf-8"), tmp_path)
    lines = (context / "_build" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {Requirement(line).name for line in lines if not line.startswith("#")} == {"boto3", "botocore"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What a build would install for the collections of this tree: Python and system packages, and whose they are."""
    printed = builder("introspect", str(ROOT.parents[2]), directory=tmp_path_factory.mktemp("introspect"))
    packages: dict[str, list[str]] = yaml.safe_load(printed)
    return packages


def of(collection: str, packages: list[str]) -> list[Requirement]:
    lines = [line.split("  # from collection ") for line in packages]
    return [Requirement(package) for package, whose in lines if whose == collection]


def test_a_build_installs_boto3_and_botocore_for_the_collection(found: dict[str, list[str]]) -> None:
    assert {package.name for package in of("amikit.aws", found["python"])} == {"boto3", "botocore"}


def test_a_build_installs_no_system_package_for_the_collection(found: dict[str, list[str]]) -> None:
    assert [line for line in found["system"] if "amikit" in line] == []


def test_what_amazon_aws_needs_at_least_is_enough(found: dict[str, list[str]]) -> None:
    theirs = {package.name: package.specifier for package in of("amazon.aws", found["python"])}
    for ours in of("amikit.aws", found["python"]):
        assert [bound.version in ours.specifier for bound in theirs[ours.name]] == [True]
