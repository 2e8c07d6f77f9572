# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The role, as playbooks run it: what EC2 holds afterwards, which requests were made, and what is printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from unit.images import copiers
from unit.images import image
from unit.images import launchers
from unit.images import policy

from local_ec2.client import LocalEC2

Json = dict[str, t.Any]
Playbook = t.Callable[..., subprocess.CompletedProcess[str]]
KEPT, FORMER, NEW, STRANGER = "111122223333", "444455556666", "777788889999", "999900001111"
A, B, C, D = (f"ami-0{letter * 16}" for letter in "abcd")
ROLE = "amikit.aws.ami_sharing"
UMASK = os.umask(0o022)
os.umask(UMASK)
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def modifying(ec2: LocalEC2, *, dry_run: bool = False) -> list[Json]:
    """Return the requests that change something or, with ``dry_run``, ask whether they may."""
    return [each for each in ec2.requests() if each["action"].startswith("Modify") and each["dry_run"] == dry_run]


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


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines by which the role sums up."""
    (lines,) = re.findall(r"^    \"msg\": (\[.*?^    \])", done.stdout, re.DOTALL | re.MULTILINE)
    found: list[str] = json.loads(lines)
    return found


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
    sum_of = "1 would be changed (2 grants, 2 revocations), 0 unchanged, 0 failed"
    assert told(done) == [f"Exact: 1 selected, {sum_of}", f"Report: {page}", f"1 image: {sum_of}"]
    assert facts(page)["preview"] is True
    assert "Preview: nothing was changed." in page.read_text(encoding="utf-8")
    assert modifying(ec2) == []
    assert modifying(ec2, dry_run=True) != []
    assert launchers(ec2, A) == copiers(ec2, A) == [FORMER]


GUARDED = [
    f"policy 'Exact': it would revoke the protected principal {FORMER} from us-east-1:{A}",
    (
        "this run would revoke 2 entries, and ami_sharing_max_revocations is 1 (by policy: 'Exact' 2):"
        f" {FORMER}, {STRANGER}, from us-east-1:{A}"
    ),
]


def test_accounts_are_named_in_the_summary_the_drift_and_the_page(
    ec2: LocalEC2, playbook: Playbook, tmp_path: Path
) -> None:
    crowd = [f"{100_000_000_000 + number}" for number in range(7)]
    ec2.seed(image(A, FORMER, STRANGER), image(B, *crowd))
    policies = [
        policy("Exact", "exclusive", KEPT, image_ids=[A], snapshots=True),
        policy("Private", "private", image_ids=[B]),
        policy("Nothing", "revoke", NEW, image_ids=[A]),
    ]
    names = {KEPT: "Build", FORMER: "payments-prod", crowd[0]: "First"}
    done = playbook(
        "amikit.aws.audit",
        ami_sharing_policies=policies,
        ami_sharing_account_names=names,
        ami_sharing_report=f"{tmp_path}/page.html",
    )
    assert done.returncode == 2
    exact = f"granted to {KEPT} (Build); revoked from {FORMER} (payments-prod), {STRANGER}"
    private = f"revoked from {crowd[0]} (First), {', '.join(crowd[1:5])} and 2 more"
    lines = told(done)
    assert [lines[1], lines[3]] == [f"Exact: would be {exact}", f"Private: would be {private}"]
    assert lines[4].startswith("Nothing: 1 selected, 0 would be changed")
    assert not lines[5].startswith("Nothing")
    drift = [
        "Drift from the policies: 2 of 2 images differ.",
        f"policy 'Exact': 1 of 1 images ({A}), 2 to grant, 4 to revoke: {exact}",
        f"policy 'Private': 1 of 1 images ({B}), 0 to grant, 7 to revoke: {private}",
    ]
    assert json.dumps("\n".join(drift)) in done.stdout
    assert f"{FORMER} (payments-prod)" in (tmp_path / "page.html").read_text(encoding="utf-8")


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
    assert told(done)[-1] == "1 image: 1 would be changed (1 grant, 2 revocations), 0 unchanged, 0 failed"
    stopped = json.dumps("\n".join(["Stopped before anything was changed:", *GUARDED]))
    drift = [
        "Drift from the policies: 1 of 1 images differ.",
        f"policy 'Exact': 1 of 1 images ({A}), 1 to grant, 2 to revoke",
    ]
    assert (stopped in done.stdout) == (name == "share")
    assert (json.dumps("\n".join(drift)) in done.stdout) == (name == "audit")
    assert facts(page)["preview"] is True
    on_the_page = [text.replace("ami_sharing_", "") for text in GUARDED]
    assert facts(page)["warnings"] == on_the_page
    shown = page.read_text(encoding="utf-8").replace("&#39;", "'")
    assert [text for text in ["Preview: nothing was changed.", *on_the_page] if text not in shown] == []
    assert modifying(ec2) + modifying(ec2, dry_run=True) == []
    assert launchers(ec2, A) == [FORMER, STRANGER]


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
    assert re.findall(r'"msg": "([A-Z]+: .*)"', done.stdout) == ["INVALID: .", "GUARDED: Third.", "EMPTY: Fourth."]
    assert (launchers(ec2, A), launchers(ec2, B)) == ([KEPT], [FORMER])


SHARING = "amikit.aws.ec2_ami_sharing"


def test_defaults_by_the_name_of_the_module_reach_the_call(ec2: LocalEC2, playbook: Playbook) -> None:
    """With keys and a Region other than those of the environment; an empty connection does not take them away."""
    ec2.seed(image(A, FORMER, region="eu-west-1"), image(B, FORMER, region="eu-west-1"))
    keys = ec2.principal("someone", ANYTHING)
    given = {"access_key": keys["access_key"], "secret_key": keys["secret_key"], "region": "eu-west-1"}
    policies = [policy("Exact", "exclusive", KEPT, image_ids=[A])], [policy("Exact", "exclusive", KEPT, image_ids=[B])]
    done = playbook(
        [
            *play(sharing(*policies[0], connection={}), module_defaults={SHARING: given}),
            # Empty defaults by that name are none, and leave those of the group.
            *play(sharing(*policies[1]), module_defaults={"group/amikit.aws.aws": given, SHARING: {}}),
        ]
    )
    assert done.returncode == 0, done.stdout
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT]
    assert {request["principal"] for request in ec2.requests()} == {"someone"}
    assert {request["region"] for request in ec2.requests() if request["service"] == "ec2"} == {"eu-west-1"}


def test_guards_by_defaults_of_the_module_hold_where_the_role_sets_none(ec2: LocalEC2, playbook: Playbook) -> None:
    """A variable that is not set hides no default, and one whose template is undefined is not taken for unset."""
    ec2.seed(image(A, FORMER))
    private = policy("Private", "private", image_ids=[A])
    said = "{{ ansible_failed_result.msg }}"
    undefined = sharing(private, max_revocations="{{ my_brake }}")
    undefined["ansible.builtin.include_role"]["rolespec_validate"] = False
    done = playbook(
        [
            *play(rescued(sharing(private), said), module_defaults={SHARING: {"max_revocations": 0}}),
            *play(
                rescued(sharing(private, connection={"region": "us-east-1"}), said),
                module_defaults={"group/amikit.aws.aws": {"protected_principals": [FORMER]}},
            ),
            *play(rescued(undefined, "UNDEFINED")),
        ]
    )
    assert done.returncode == 0, done.stdout
    assert "ami_sharing_max_revocations is 0" in done.stdout
    assert f"it would revoke the protected principal {FORMER}" in done.stdout
    assert "UNDEFINED" in done.stdout
    assert launchers(ec2, A) == [FORMER]


def test_the_connection_is_merged_over_the_defaults_of_the_group(ec2: LocalEC2, playbook: Playbook) -> None:
    ec2.seed(image(A, FORMER, region="eu-west-1"))
    keys = ec2.principal("someone", ANYTHING)
    defaults = {"access_key": keys["access_key"], "secret_key": keys["secret_key"], "region": "us-west-2"}
    task = sharing(policy("Exact", "private", image_ids=[A]), connection={"region": "eu-west-1"})
    done = playbook(play(task, module_defaults={"group/amikit.aws.aws": defaults}))
    assert done.returncode == 0, done.stdout
    assert launchers(ec2, A) == []
    assert {request["principal"] for request in ec2.requests()} == {"someone"}


def test_variables_that_do_not_exist_stop_the_run_and_name_the_nearest(ec2: LocalEC2, playbook: Playbook) -> None:
    """A guard that is misspelt must not fail open."""
    ec2.seed(image(A, FORMER))
    private = policy("Private", "private", image_ids=[A])
    said = "{{ ansible_failed_result.msg }}"
    done = playbook(
        play(
            rescued(sharing(private, max_revocation=0), said),
            rescued(sharing(private, mine="a variable of the user's own"), said),
            rescued(sharing(private, connection={"max_revocations": 0, "regoin": "eu-west-1"}), said),
            sharing(private, hosts="localhost", max_revocations=1),
        )
    )
    assert done.returncode == 0, done.stdout
    assert "ami_sharing_max_revocation (did you mean ami_sharing_max_revocations?)" in done.stdout
    assert "ami_sharing_mine (did you mean ami_sharing_" in done.stdout
    only = "ami_sharing_connection takes connection options, and nothing else"
    both = [
        "2 problems in the variables; nothing was sent to EC2:",
        f"{only}: max_revocations (did you mean ami_sharing_max_revocations?)",
        f"{only}: regoin (did you mean region?)",
    ]
    assert json.dumps("\n".join(both)) in done.stdout
    assert len(modifying(ec2)) == 1


def test_the_other_variables_reach_the_call(ec2: LocalEC2, playbook: Playbook) -> None:
    """Regions, the names of accounts, the time to wait, and the facts that the role sets."""
    ec2.seed(image(A, FORMER, region="eu-west-1"), image(B, FORMER, region="eu-central-1", pending_reads=99))
    summary = {
        "ansible.builtin.debug": {
            "msg": "SUMMARY {{ ami_sharing_summary.failed }} OF {{ ami_sharing_summary.images }}."
        }
    }
    task = sharing(
        policy("Exact", "exclusive", KEPT, filters={}),
        regions=["eu-west-1", "eu-central-1"],
        account_names={FORMER: "payments-prod"},
        protected_principals=[STRANGER],
        wait_timeout=0,
        concurrency=2,
    )
    guarded = sharing(
        policy("Exact", "exclusive", KEPT, filters={}, regions=["eu-west-1"]),
        account_names={FORMER: "payments-prod"},
        protected_principals=[FORMER],
    )
    done = playbook(play(rescued(guarded, "GUARDED {{ ansible_failed_result.msg }}"), rescued(task, "FAILED"), summary))
    assert f"{FORMER} (payments-prod) from eu-west-1:{A}" in done.stdout
    assert f"{B} (eu-central-1): EC2 would refuse ModifyImageAttribute" in done.stdout
    assert "still pending after 0 s" in done.stdout
    assert "SUMMARY 1 OF 2." in done.stdout
    assert f"Exact: granted to {KEPT}; revoked from {FORMER} (payments-prod)" in done.stdout
    assert f"Exact: would be granted to {KEPT}; revoked from {FORMER} (payments-prod)" in done.stdout
    assert (launchers(ec2, A), launchers(ec2, B)) == ([KEPT], [FORMER])


# The place of the report


def test_a_report_is_written_where_the_user_is_and_replaces_nothing_foreign(
    ec2: LocalEC2, playbook: Playbook, tmp_path: Path
) -> None:
    """A relative path begins where ansible-playbook was started: the playbook lies in the collection, elsewhere."""
    ec2.seed(image(A))
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "link.html").symlink_to("notes.txt")
    shared = [policy("Shared", "share", KEPT, image_ids=[A])]

    def share(report: str) -> subprocess.CompletedProcess[str]:
        return playbook("amikit.aws.share", ami_sharing_policies=shared, ami_sharing_report=report)

    for report in ("link.html", "notes.txt"):
        done = share(report)
        assert done.returncode == 2
        assert f"ami_sharing_report: {tmp_path}/{report} is" in done.stdout
    assert ec2.requests() == []
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    first = share("new/page.html")
    assert first.returncode == 0, first.stdout
    page = tmp_path / "new" / "page.html"
    assert page.stat().st_mode & 0o777 == 0o666 & ~UMASK
    page.chmod(0o600)
    assert share("new/page.html").returncode == 0
    assert (page.stat().st_mode & 0o777, facts(page)["summary"]["changed"]) == (0o600, 0)


def test_the_summary_is_told_before_the_report_is_written(ec2: LocalEC2, playbook: Playbook, tmp_path: Path) -> None:
    ec2.seed(image(A))
    failing = {"ansible.builtin.template": {"validate": "false %s"}}
    task = sharing(policy("Shared", "share", KEPT, image_ids=[A]), report=f"{tmp_path}/page.html")
    done = playbook(play(task, module_defaults=failing))
    assert done.returncode == 2
    assert "failed to validate" in done.stdout
    assert told(done)[-1] == "1 image: 1 changed (1 grant, 0 revocations), 0 unchanged, 0 failed"
    assert launchers(ec2, A) == [KEPT]
