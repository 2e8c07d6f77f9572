# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The role, as playbooks run it: what EC2 holds afterwards, which requests were made, and what is printed."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from pathlib import Path

import pytest

from local_ec2.client import LocalEC2

Json = dict[str, t.Any]
Playbook = t.Callable[..., subprocess.CompletedProcess[str]]
KEPT, FORMER, NEW, STRANGER = "111122223333", "444455556666", "777788889999", "999900001111"
A, B, C, D = (f"ami-0{letter * 16}" for letter in "abcd")
ROLE = "amikit.aws.ami_sharing"
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def image(image_id: str, *held: str, **others: t.Any) -> Json:
    """Return an image with one snapshot, which is shared as the image is."""
    entries = {"user_ids": held}
    snapshot = {"snapshot_id": snapshot_of(image_id), "create_volume_permissions": entries}
    return {
        "image_id": image_id,
        "name": f"image-{image_id}",
        "launch_permissions": entries,
        "snapshots": [snapshot],
        **others,
    }


def snapshot_of(image_id: str) -> str:
    return image_id.replace("ami-", "snap-")


def policy(name: str, pattern: str, *principals: t.Any, **others: t.Any) -> Json:
    return {"name": name, "pattern": pattern, **({"principals": principals} if principals else {}), **others}


def launchers(ec2: LocalEC2, image_id: str) -> list[str]:
    """Return who can launch the image, everyone as ``all``."""
    held = (ec2.image(image_id) or {})["launch_permissions"]
    return sorted(entry for entries in held.values() for entry in entries)


def copiers(ec2: LocalEC2, image_id: str, region: str | None = None) -> list[str]:
    """Return who can copy the snapshot of the image."""
    held = (ec2.snapshot(snapshot_of(image_id), region) or {})["create_volume_permissions"]
    return sorted(entry for entries in held.values() for entry in entries)


def modifying(ec2: LocalEC2, *, dry_run: bool = False) -> list[Json]:
    """Return the requests that change something or, with ``dry_run``, ask whether they may."""
    return [each for each in ec2.requests() if each["action"].startswith("Modify") and each["dry_run"] == dry_run]


def removed(requests: list[Json]) -> set[tuple[str, str]]:
    """Return what the requests remove: pairs of an image or a snapshot, and an entry."""
    return {
        (request["image_id"] or request["snapshot_id"], value)
        for request in requests
        for name, value in request["parameters"].items()
        if ".Remove." in name
    }


def facts(page: Path) -> Json:
    found: Json = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    return found


def play(*tasks: Json, **keywords: t.Any) -> list[Json]:
    return [{"hosts": "localhost", "gather_facts": False, **keywords, "tasks": tasks}]


def sharing(*policies: Json, **variables: t.Any) -> Json:
    """Return a task that runs the role."""
    given = {f"ami_sharing_{name}": value for name, value in variables.items()}
    return {"ansible.builtin.include_role": {"name": ROLE}, "vars": {"ami_sharing_policies": policies, **given}}


def rescued(task: Json, message: str) -> Json:
    """Return a block that says the message when the task fails."""
    return {"block": [task], "rescue": [{"ansible.builtin.debug": {"msg": message}}]}


# What a policy selects, and what it may say


def test_a_policy_whose_variable_has_no_value_is_refused(ec2: LocalEC2, playbook: Playbook) -> None:
    ec2.seed(image(A, KEPT))
    done = playbook(
        "amikit.aws.share",
        ami_sharing_policies=[
            policy("Omitted", "private", filters="{{ nothing | default(omit) }}"),
            policy("Null", "private", filters=None),
            policy("Nobody", "share", KEPT, None, image_ids=[A]),
            policy("Undone", "revoke", None, image_ids=[A]),
        ],
        ami_sharing_protected_principals=[KEPT, None],
    )
    assert done.returncode == 2
    assert "policy 'Omitted': set either image_ids or filters" in done.stdout
    assert "policy 'Null': set either image_ids or filters" in done.stdout
    assert "policy 'Nobody': 'None' is not a principal" in done.stdout
    assert "policy 'Undone': 'None' is not a principal" in done.stdout
    assert "ami_sharing_protected_principals: 'None' is not a principal" in done.stdout
    assert ec2.requests() == []
    assert launchers(ec2, A) == [KEPT]


def test_no_image_ids_are_no_images(ec2: LocalEC2, playbook: Playbook) -> None:
    ec2.seed(image(A, KEPT), image(B, KEPT))
    done = playbook(
        "amikit.aws.share",
        ami_sharing_policies=[
            policy("Open", "public", image_ids=[]),
            policy("Exact", "exclusive", NEW, image_ids=[], filters=None, snapshots=True),
            policy("Closed", "private", image_ids=""),
            policy("Named", "share", NEW, image_ids=[A]),
        ],
        ami_sharing_allow_public=True,
    )
    assert done.returncode == 2
    assert "policy 'Open': it selects no image" in done.stdout
    assert "policy 'Exact': it selects no image" in done.stdout
    assert "policy 'Closed': " in done.stdout
    assert "image_ids: '' is not the id of an AMI" in done.stdout
    assert "policy 'Named'" not in done.stdout
    assert modifying(ec2) + modifying(ec2, dry_run=True) == []
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT]


def test_a_policy_is_about_its_images_alone(ec2: LocalEC2, playbook: Playbook) -> None:
    ec2.seed(image(A), image(B, region="eu-west-1"), image(C), image(D, region="eu-central-1"))
    done = playbook(
        "amikit.aws.share",
        ami_sharing_policies=[
            policy("Named", "share", KEPT, image_ids=[A], filters=None),
            policy(
                "Found", "share", NEW, filters={"name": [f"image-{A}", f"image-{B}"]}, regions="us-east-1, eu-west-1"
            ),
            policy("Nothing", "public", image_ids=[], allow_empty=True),
        ],
        ami_sharing_allow_public=True,
    )
    assert done.returncode == 0, done.stdout
    assert [launchers(ec2, image_id) for image_id in (A, B, C, D)] == [[KEPT, NEW], [NEW], [], []]
    assert "Nothing: 0 selected, 0 changed" in done.stdout


def test_policies_that_contradict_each_other_about_a_snapshot(ec2: LocalEC2, playbook: Playbook) -> None:
    ec2.seed(image(A, KEPT), {**image(B, KEPT), "snapshots": [{"snapshot_id": snapshot_of(A)}]})
    done = playbook(
        "amikit.aws.share",
        ami_sharing_policies=[
            policy("Shared", "share", KEPT, image_ids=[A], snapshots=True),
            policy("Closed", "private", image_ids=[B], snapshots=True),
        ],
    )
    assert done.returncode == 2
    told = f"the policies 'Shared' and 'Closed' contradict each other about {KEPT}, on us-east-1:{snapshot_of(A)}"
    assert told in done.stdout
    assert modifying(ec2) == []


# Templates


def counting(file: Path, condition: str, pattern: str, other: str) -> str:
    """Return a template that is the one pattern or the other, by how often it has been evaluated so far."""
    command = f"echo >>{file}; n=$(wc -l <{file}); test {condition} && echo {pattern} || echo {other}"
    return f"{{{{ lookup('ansible.builtin.pipe', '{command}') }}}}"


def test_what_is_applied_is_what_was_validated(ec2: LocalEC2, playbook: Playbook, tmp_path: Path) -> None:
    """With templates that become what is not allowed, or another pattern, whenever they are evaluated again."""
    ec2.seed(image(A), image(B, FORMER), image(C, FORMER))
    later = [counting(tmp_path / f"later{number}", f"$n -le {number}", "share", "public") for number in (1, 2, 3)]
    opened = [policy("Open", pattern, KEPT, image_ids=[A]) for pattern in later]
    odd, even = (
        counting(tmp_path / f"{remainder}", f"$((n % 2)) -eq {remainder}", "share", "exclusive") for remainder in (1, 0)
    )
    both = [policy("B", odd, KEPT, image_ids=[B]), policy("C", even, KEPT, image_ids=[C])]
    took = {
        "ansible.builtin.debug": {"msg": "TOOK {{ ami_sharing_results | map(attribute='pattern') | join(' and ') }}."}
    }
    done = playbook(play(*(rescued(sharing(each), "REFUSED") for each in opened), sharing(*both), took))
    assert done.returncode == 0, done.stdout
    assert "REFUSED" in done.stdout
    assert [request for request in ec2.requests() if "all" in request["parameters"].values()] == []
    patterns = re.findall(r"TOOK (\w+) and (\w+)\.", done.stdout)
    assert sorted(patterns[0]) == ["exclusive", "share"]
    after = {"share": [KEPT, FORMER], "exclusive": [KEPT]}
    assert [launchers(ec2, B), launchers(ec2, C)] == [after[pattern] for pattern in patterns[0]]


# Runs that only look


def test_check_mode_of_the_play_is_a_preview(ec2: LocalEC2, playbook: Playbook, tmp_path: Path) -> None:
    ec2.seed(image(A, FORMER))
    page = tmp_path / "page.html"
    policies = [policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True, description="New")]
    done = playbook(play(sharing(*policies, report=str(page)), check_mode=True))
    assert done.returncode == 0, done.stdout
    told = "Exact: 1 selected, 1 would be changed, 2 entries would be granted, 2 would be revoked, 0 failed"
    assert told in done.stdout
    assert facts(page)["preview"] is True
    assert "Preview: nothing was changed." in page.read_text(encoding="utf-8")
    assert modifying(ec2) == []
    assert modifying(ec2, dry_run=True) != []
    assert launchers(ec2, A) == copiers(ec2, A) == [FORMER]


GUARDED = [
    f"policy 'Exact': it would revoke the protected principal {FORMER} from us-east-1:{A}",
    "this run would revoke 2 entries, and ami_sharing_max_revocations is 1 (by policy: 'Exact' 2)",
]


@pytest.mark.parametrize("name", ["share", "audit"])
def test_guards_stop_a_run_and_not_an_audit(ec2: LocalEC2, playbook: Playbook, tmp_path: Path, name: str) -> None:
    ec2.seed(image(A, FORMER, STRANGER))
    (tmp_path / "pages").mkdir()
    (tmp_path / "link").symlink_to("pages")
    page = tmp_path / "link" / "page.html"
    done = playbook(
        f"amikit.aws.{name}",
        *("-e", f"ami_sharing_protected_principals={NEW},{FORMER}", "-e", "ami_sharing_max_revocations=1"),
        ami_sharing_policies=[policy("Exact", "exclusive", KEPT, image_ids=[A])],
        ami_sharing_report=str(page),
    )
    assert done.returncode == 2
    assert "Exact: 1 selected, 1 would be changed, 1 entries would be granted, 2 would be revoked" in done.stdout
    stopped = f"ami_sharing stopped before anything was changed. {'. '.join(GUARDED)}."
    drift = f"Drift from the policies. policy 'Exact': 1 of 1 images ({A}), 1 entries to grant and 2 to revoke."
    assert (stopped in done.stdout) == (name == "share")
    assert (drift in done.stdout) == (name == "audit")
    assert facts(page)["preview"] is True
    assert facts(page)["warnings"] == GUARDED
    shown = page.read_text(encoding="utf-8").replace("&#39;", "'")
    assert [text for text in ["Preview: nothing was changed.", *GUARDED] if text not in shown] == []
    assert modifying(ec2) == []
    assert launchers(ec2, A) == [FORMER, STRANGER]


COUNTED = ("name", "selected", "changed", "granted", "revoked", "failed")


def test_a_preview_counts_what_the_run_does(ec2: LocalEC2, playbook: Playbook, tmp_path: Path) -> None:
    """Several policies agree about entries, and a snapshot of one Region has the id of one of another."""
    twin = {"snapshots": image(A, FORMER)["snapshots"]}
    ec2.seed(image(A, FORMER), image(B, FORMER, region="eu-west-1", **twin))
    page = tmp_path / "page.html"
    both = {"image_ids": [f"us-east-1:{A}", f"eu-west-1:{B}"], "snapshots": True, "description": "New"}
    policies = [
        policy("Shared", "share", NEW, image_ids=[A]),
        policy("Taken", "revoke", FORMER, image_ids=[A]),
        policy("Exact", "exclusive", KEPT, NEW, **both),
    ]
    counts = {}
    for words in (["--check"], []):
        done = playbook("amikit.aws.share", *words, ami_sharing_policies=policies, ami_sharing_report=str(page))
        assert done.returncode == 0, done.stdout
        found = facts(page)
        assert found["preview"] == bool(words)
        counts[found["preview"]] = [[told[name] for name in COUNTED] for told in found["policies"]], found["summary"]
    assert counts[True] == counts[False]
    assert counts[False][0] == [
        ["Shared", 1, 1, 1, 0, 0],
        ["Taken", 1, 1, 0, 1, 0],
        ["Exact", 2, 2, 7, 3, 0],
    ]
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT, NEW]
    assert copiers(ec2, A, "us-east-1") == copiers(ec2, A, "eu-west-1") == [KEPT, NEW]


# Failures, and what changes meanwhile


def test_an_image_is_not_granted_when_its_snapshot_is_not(ec2: LocalEC2, playbook: Playbook) -> None:
    """One snapshot is refused to the preview already, another to the run alone."""
    ec2.seed(*(image(image_id) for image_id in (A, B, C)))
    refusals = {A: "UnauthorizedOperation", B: "InvalidParameterValue"}
    errors = {
        snapshot_of(image_id): {"action": "ModifySnapshotAttribute", "code": code}
        for image_id, code in refusals.items()
    }
    ec2.switch(image_errors=errors)
    done = playbook(
        "amikit.aws.share",
        ami_sharing_policies=[policy("Copied", "share", KEPT, image_ids=[A, B, C], snapshots=True)],
    )
    assert done.returncode == 2
    assert "Copied: 3 selected, 1 changed, 2 entries granted, 0 revoked, 2 failed" in done.stdout
    assert f"policy 'Copied': 2 of 3 images failed: {snapshot_of(A)} (us-east-1): UnauthorizedOperation" in done.stdout
    assert f"{snapshot_of(B)} (us-east-1): InvalidParameterValue" in done.stdout
    assert [launchers(ec2, image_id) for image_id in (A, B, C)] == [[], [], [KEPT]]
    assert [copiers(ec2, image_id) for image_id in (A, B, C)] == [[], [], [KEPT]]


# A callback of Ansible: it sets switches of the embedded EC2 when the preview begins, once the images are selected.
CALLBACK = """
import json, os, urllib.request
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_NAME = "switches"

    def v2_playbook_on_task_start(self, task, is_conditional):
        switches = os.environ.pop("SWITCHES", "") if task.check_mode and "_attribute" in task.action else ""
        if switches:
            url = os.environ["AWS_ENDPOINT_URL"] + "/_local/switches"
            urllib.request.urlopen(urllib.request.Request(url, switches.encode(), method="PUT")).close()
"""


def test_exclusive_revokes_what_was_previewed(ec2: LocalEC2, playbook: Playbook, tmp_path: Path) -> None:
    """What is granted once the preview has read the entries stays. What has no valid form is seen, and removed."""
    ec2.seed(image(A, FORMER), image(B, FORMER, "abc"), image(C, "abc"))
    added = {"add": {"user_ids": [STRANGER]}}
    (tmp_path / "callbacks").mkdir()
    (tmp_path / "callbacks" / "switches.py").write_text(CALLBACK, encoding="utf-8")
    page = tmp_path / "page.html"
    done = playbook(
        "amikit.aws.share",
        others={
            "ANSIBLE_CALLBACK_PLUGINS": str(tmp_path / "callbacks"),
            "SWITCHES": json.dumps({"mid_run": {A: added, snapshot_of(A): added}}),
        },
        ami_sharing_policies=[
            policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True),
            policy("Odd", "exclusive", KEPT, image_ids=[B]),
            policy("Shared", "share", KEPT, image_ids=[C]),
        ],
        ami_sharing_protected_principals=f"{STRANGER}, all",
        ami_sharing_report=str(page),
    )
    assert done.returncode == 0, done.stdout
    assert ec2.switches()["mid_run"] == {}
    assert launchers(ec2, A) == copiers(ec2, A) == [KEPT, STRANGER]
    assert launchers(ec2, B) == [KEPT]
    assert removed(modifying(ec2)) == removed(modifying(ec2, dry_run=True))
    # The page tells of the odd one, too.
    (column,) = (principal for principal in facts(page)["principals"] if principal["id"] == "abc")
    assert column == {"id": "abc", "kind": "other", "label": "abc", "images": 1, "named": False}
    assert {each["image_id"]: each["outside"] for each in facts(page)["images"]}[C] == ["abc"]
    assert '<th class="p x" title="abc">' in page.read_text(encoding="utf-8")


# Plays


def test_a_stopped_run_leaves_no_results_of_an_earlier_one(ec2: LocalEC2, playbook: Playbook) -> None:
    ec2.seed(image(A), image(B, FORMER))
    told = "{}: {{{{ ami_sharing_results | map(attribute='name') | join(', ') }}}}."
    done = playbook(
        play(
            sharing(policy("First", "share", KEPT, image_ids=[A])),
            rescued(sharing(policy("Second", "publish", image_ids=[B])), told.format("INVALID")),
            rescued(sharing(policy("Third", "private", image_ids=[B]), max_revocations=0), told.format("GUARDED")),
            rescued(sharing(policy("Fourth", "private", filters={"name": "nothing"})), told.format("EMPTY")),
        )
    )
    assert done.returncode == 0, done.stdout
    assert re.findall(r'"msg": "([A-Z]+: .*)"', done.stdout) == ["INVALID: .", "GUARDED: Third.", "EMPTY: ."]
    assert (launchers(ec2, A), launchers(ec2, B)) == ([KEPT], [FORMER])


def test_defaults_of_the_modules_reach_the_role(ec2: LocalEC2, playbook: Playbook) -> None:
    """Those by the names of the modules, with keys and a Region other than those of the environment."""
    ec2.seed(image(A, FORMER, region="eu-west-1"))
    keys = ec2.principal("someone", ANYTHING)
    given = {"access_key": keys["access_key"], "secret_key": keys["secret_key"], "region": "eu-west-1"}
    modules = ["ec2_ami_attribute", "ec2_ami_attribute_info", "ec2_snapshot_attribute"]
    defaults = {f"amikit.aws.{module}": given for module in modules}
    policies = [policy("Exact", "exclusive", KEPT, filters={}, snapshots=True)]
    done = playbook(play(sharing(*policies), module_defaults=defaults))
    assert done.returncode == 0, done.stdout
    assert launchers(ec2, A) == copiers(ec2, A) == [KEPT]
    assert {request["principal"] for request in ec2.requests()} == {"someone"}
    assert {request["region"] for request in ec2.requests() if request["service"] == "ec2"} == {"eu-west-1"}


# The place of the report


def test_a_report_that_cannot_be_written_is_told_before_any_request(
    ec2: LocalEC2, playbook: Playbook, tmp_path: Path
) -> None:
    ec2.seed(image(A))
    (tmp_path / "directory.html").mkdir()
    (tmp_path / "facts.json").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    places = {
        "directory.html": f"{tmp_path}/directory.html is a directory",
        "facts.html": f"{tmp_path}/facts.json, where the facts are written, is a directory",
        "file/page.html": f"{tmp_path}/file is not a directory",
        "file/new/page.html": f"{tmp_path}/file/new/page.html: Not a directory",
        "page.json": "the page needs another name",
    }
    shared = policy("Shared", "share", KEPT, image_ids=[A])
    told = "{{ ansible_failed_result.msg }}"
    done = playbook(play(*(rescued(sharing(shared, report=f"{tmp_path}/{place}"), told) for place in places)))
    assert done.returncode == 0, done.stdout
    said = re.findall(r'^ +"msg": "(.*)"', done.stdout, re.MULTILINE)
    expected = [f"ami_sharing_report: {hindrance}" for hindrance in places.values()]
    assert [text[: len(start)] for text, start in zip(said, expected, strict=True)] == expected
    assert ec2.requests() == []


def test_the_summary_is_told_before_the_report_is_written(ec2: LocalEC2, playbook: Playbook, tmp_path: Path) -> None:
    ec2.seed(image(A))
    failing = {"ansible.builtin.template": {"validate": "false %s"}}
    task = sharing(policy("Shared", "share", KEPT, image_ids=[A]), report=f"{tmp_path}/page.html")
    done = playbook(play(task, module_defaults=failing))
    assert done.returncode == 2
    assert "failed to validate" in done.stdout
    assert "Shared: 1 selected, 1 changed, 1 entries granted, 0 revoked, 0 failed" in done.stdout
    assert launchers(ec2, A) == [KEPT]
