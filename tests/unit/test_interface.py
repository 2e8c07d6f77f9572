# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What users are promised: since when each option and return value exists, and the versions that are supported."""

from __future__ import annotations

import importlib
import re
import typing as t

import yaml
from gates import matrix
from packaging.version import Version
from unit.documentation import MODULES
from unit.documentation import README
from unit.documentation import ROOT
from unit.documentation import rows
from unit.returned import documented

from ansible_collections.amikit.aws.plugins.doc_fragments._attributes import ModuleDocFragment

# What 0.1.0 had, however deep it is. All else says with which version it came, unless what it is a part of does.
_SETTING = """
    changed before after requests attribute operation entries status error code message request_id predicted
    decoded_message diff before_header after_header wait region
"""
KNOWN = {
    "ec2_ami_attribute": f"""
        {_SETTING} images image_id image_ids description imds_support
        launch_permissions revoke_launch_permissions purge_launch_permissions
    """,
    "ec2_snapshot_attribute": f"""
        {_SETTING} snapshots snapshot_id snapshot_ids
        create_volume_permissions revoke_create_volume_permissions purge_create_volume_permissions
    """,
    "ec2_ami_attribute_info": """
        image_ids filters owners regions newest concurrency images image_id region name owner_id state public
        description imds_support launch_permissions product_codes boot_mode tpm_support deregistration_protection
        deprecation_time last_launched_time creation_date encrypted snapshot_ids tags
    """,
    "the fragment": "wait_timeout concurrency",
    "the role": """
        ami_sharing_policies ami_sharing_allow_public ami_sharing_max_revocations ami_sharing_protected_principals
        ami_sharing_report ami_sharing_connection name pattern principals image_ids filters regions newest snapshots
        description imds_support allow_empty
    """,
}
FIRST = [name for name in KNOWN if name in MODULES]
Entries = t.Mapping[str, t.Mapping[str, t.Any]]


def module(name: str) -> t.Any:
    return importlib.import_module(f"ansible_collections.amikit.aws.plugins.modules.{name}")


def undated(entries: Entries, known: str) -> t.Iterator[str]:
    """Yield what 0.1.0 did not have and what does not say since when it is there."""
    for name, entry in entries.items():
        if "version_added" in entry:
            Version(entry["version_added"])
        elif name in known.split():
            yield from undated(entry.get("contains") or entry.get("options") or {}, known)
        else:
            yield name


def documentation() -> dict[str, Entries]:
    """Return the options of all that 0.1.0 had, and the return values of its modules."""
    role = yaml.safe_load((ROOT / "roles" / "ami_sharing" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return {
        "the fragment": yaml.safe_load(ModuleDocFragment.MODIFY)["options"],
        "the role": role["argument_specs"]["main"]["options"],
        **{
            name: {**yaml.safe_load(module(name).DOCUMENTATION)["options"], **documented(module(name).RETURN)}
            for name in FIRST
        },
    }


def test_every_module_says_since_when_it_is_there() -> None:
    since = {name: yaml.safe_load(module(name).DOCUMENTATION)["version_added"] for name in MODULES}
    assert sorted(name for name, version in since.items() if version == "0.1.0") == sorted(FIRST)


def test_every_option_and_return_value_says_since_when_it_is_there() -> None:
    undocumented = {whose: list(undated(entries, KNOWN[whose])) for whose, entries in documentation().items()}
    assert undocumented == {whose: [] for whose in KNOWN}


# The codes that are not AWS's own, and that playbooks can therefore rely on.
CODES = """
    CannotBeUndone ChangedMeanwhile DryRunIgnored HeldBack InvalidCredentials InvalidEndpoint OddStatement Timeout
    Unknown
"""


def test_every_code_of_our_own_is_documented_as_a_return_value() -> None:
    texts = "".join(module(name).RETURN for name in MODULES)
    assert [code for code in CODES.split() if f"V({code})" not in texts] == []


# The versions that are supported


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)+|\d+", text)


def stated() -> dict[str, tuple[list[str], list[str]]]:
    """Return the versions that are said to be supported and tested, by what they are of."""
    return {what: (numbers(supported), numbers(tested)) for what, supported, tested in rows("versions")[1:6]}


def test_the_supported_versions_are_those_that_are_required() -> None:
    required = {
        "ansible-core": numbers(yaml.safe_load(read("meta/runtime.yml"))["requires_ansible"]),
        "amazon.aws": numbers(yaml.safe_load(read("galaxy.yml"))["dependencies"]["amazon.aws"]),
        "Python, where the modules run": numbers(
            yaml.safe_load(read("tests/config.yml"))["modules"]["python_requires"]
        ),
        "boto3 and botocore": sorted({*re.findall(r">=(.+)", read("requirements.txt"))}),
    }
    supported = {what: lowest for what, (lowest, _tested) in stated().items() if what in required}
    assert {what: [str(Version(each)) for each in lowest] for what, lowest in supported.items()} == {
        what: [re.sub(r"^(2\.17)\.0$", r"\1", each) for each in lowest] for what, lowest in required.items()
    }
    requirements = README.partition("## Requirements")[2].partition("## ")[0]
    assert [each for versions in supported.values() for each in versions if each not in requirements] == []


def test_the_tested_versions_are_those_of_the_matrix() -> None:
    tested = {what: versions for what, (_supported, versions) in stated().items()}
    pythons = sorted({Version(each) for each in sum(matrix.CORES.values(), ())})
    span = [str(pythons[0]), str(pythons[-1])]
    assert tested == {
        "ansible-core": [each.rpartition(".")[0] for each in matrix.CORES],
        "Python, where ansible-playbook runs": span,
        "Python, where the modules run": span,
        "amazon.aws": [each.partition(".")[0] for each in matrix.AMAZON_AWS],
        "boto3 and botocore": re.findall(r"boto3==(\d+\.\d+)", read("tests/requirements/run.txt")),
    }
