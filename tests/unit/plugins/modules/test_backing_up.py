# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The option ``backup`` of the modules: who had access is on disk before anything is changed, and leads back."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from unit.images import Clock
from unit.images import image
from unit.images import items
from unit.images import modifying
from unit.images import snapshot_of
from unit.three_images import FORMER
from unit.three_images import KEPT
from unit.three_images import MODULES
from unit.three_images import NEW
from unit.three_images import ORG
from unit.three_images import A
from unit.three_images import B
from unit.three_images import C
from unit.three_images import Json
from unit.three_images import Run
from unit.three_images import every_module
from unit.three_images import id_of
from unit.three_images import truth

from local_ec2.client import LocalEC2

ONCE = {"retries": {"total_max_attempts": 1}}
CALLER = "arn:aws:sts::123456789012:user/moto"


@pytest.fixture
def fleet(ec2: LocalEC2, clock: Clock) -> LocalEC2:
    """An EC2 with two images that are to be changed, in two Regions, and one that is as it should be."""
    as_it_should_be = {
        "launch_permissions": {"user_ids": [KEPT, NEW], "org_arns": [ORG]},
        "snapshots": [
            {"snapshot_id": snapshot_of(C), "create_volume_permissions": {"user_ids": [KEPT, NEW]}},
        ],
    }
    ec2.seed(
        image(A, KEPT, FORMER, description="old"),
        image(B, FORMER, description="old", region="eu-west-1"),
        image(C, description="new", **as_it_should_be),
    )
    return ec2


# Called with the name of an operation and whether it is a DryRun.
Hook = t.Callable[[str, bool], None]


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Hook]:
    """What is to be called before and after every request to AWS."""
    called: dict[str, Hook] = {}
    send = BaseClient._make_api_call

    def sending(client: t.Any, operation: str, arguments: Json) -> t.Any:
        dry_run = bool(arguments.get("DryRun"))
        called.get("before", _nothing)(operation, dry_run)
        response = send(client, operation, arguments)
        called.get("after", _nothing)(operation, dry_run)
        return response

    monkeypatch.setattr(BaseClient, "_make_api_call", sending)
    return called


def _nothing(_operation: str, _dry_run: bool) -> None:
    pass


# What is in it


@every_module
def test_it_holds_what_was_changed_and_is_there_before_the_first_write(
    fleet: LocalEC2, run_module: Run, hooks: dict[str, Hook], clock: Clock, tmp_path: Path, module: str
) -> None:
    file = tmp_path / "new" / "golden.json"
    options = {**MODULES[module], "backup": str(file)}
    checked = run_module(module, check=True, **options)
    assert checked["changed"]
    assert "backup_file" not in checked
    assert list(tmp_path.iterdir()) == []

    found: list[str] = []

    def look(operation: str, dry_run: bool) -> None:
        if operation.startswith("Modify"):
            assert not dry_run
            found.append(file.read_text())

    hooks["before"] = look
    result = run_module(module, **options)
    assert not result["failed"]
    assert result["backup_file"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(found) == {file.read_text()}

    backup = json.loads(file.read_text())
    head = {key: backup.pop(key) for key in ("amikit_backup", "made", "caller")}
    assert head == {"amikit_backup": 1, "made": "2027-01-15T08:00:00Z", "caller": CALLER}
    changed = [item for item in items(result) if item["changed"]]
    assert {id_of(item).rpartition("-")[2] for item in changed} == {each.rpartition("-")[2] for each in (A, B)}
    common = ("region", "name", "before", "after")
    assert [each for part in backup.values() for each in part] == [
        {"id": id_of(item), **{key: item[key] for key in common}} for item in changed
    ]

    again = run_module(module, **{**options, "backup": str(tmp_path / "again.json")})
    assert (again["failed"], again["changed"]) == (False, False)
    assert "backup_file" not in again
    assert [each.name for each in tmp_path.iterdir()] == ["new"]


def _as_a_user(ec2: LocalEC2, monkeypatch: pytest.MonkeyPatch, _hooks: dict[str, Hook]) -> str:
    statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    user = ec2.principal("ops", {"Version": "2012-10-17", "Statement": [statement]})
    for name, value in ec2.environment(user).items():
        monkeypatch.setenv(name, value)
    return user["arn"]


def _denied(_ec2: LocalEC2, _monkeypatch: pytest.MonkeyPatch, hooks: dict[str, Hook]) -> None:
    """Everybody may ask STS this, unless the policy of a VPC endpoint is in the way."""

    def deny(operation: str, _dry_run: bool) -> None:
        if operation == "GetCallerIdentity":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, operation)

    hooks["before"] = deny


def _out_of_reach(_ec2: LocalEC2, monkeypatch: pytest.MonkeyPatch, _hooks: dict[str, Hook]) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")


@pytest.mark.parametrize("put", [_as_a_user, _denied, _out_of_reach])
def test_the_caller_is_whom_sts_names(
    fleet: LocalEC2,
    run_module: Run,
    monkeypatch: pytest.MonkeyPatch,
    hooks: dict[str, Hook],
    tmp_path: Path,
    put: t.Callable[..., str | None],
) -> None:
    caller, file = put(fleet, monkeypatch, hooks), tmp_path / "golden.json"
    result = run_module("ec2_ami_attribute", **MODULES["ec2_ami_attribute"], backup=str(file))
    assert not result["failed"], result["msg"]
    assert json.loads(file.read_text())["caller"] == caller


# When it cannot be written


@every_module
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_what_may_not_be_replaced_is_refused_before_any_request(
    fleet: LocalEC2, run_module: Run, tmp_path: Path, module: str, check: bool
) -> None:
    link, foreign = tmp_path / "link.json", tmp_path / "mine.json"
    foreign.write_text("{}")
    link.symlink_to("mine.json")
    for file, why in ((link, "is a symbolic link"), (foreign, "is there already and is not an earlier backup")):
        result = run_module(module, check=check, **MODULES[module], backup=str(file), wait_timeout=-1)
        assert result["failed"]
        assert result["msg"].startswith("2 problems in the ")
        assert "nothing was sent to EC2:\n" in result["msg"]
        assert f"\nbackup: {file} {why}" in result["msg"]
        assert "\nwait_timeout: -1 is less than 0" in result["msg"]
    assert fleet.requests() == []
    assert (link.is_symlink(), foreign.read_text()) == (True, "{}")


@every_module
def test_a_full_disk_changes_nothing(
    fleet: LocalEC2, run_module: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    was = truth(fleet)
    file = tmp_path / "golden.json"
    result = run_module(module, **MODULES[module], backup=str(file), preflight=True)
    assert (result["failed"], result["changed"]) == (True, False)
    why = f"backup: {file}: No space left on device"
    if module == "ec2_ami_sharing":
        assert result["stopped"] == [why]
        assert result["msg"] == f"Stopped before anything was changed:\n{why}"
    else:
        assert result["msg"] == f"{why}. Nothing was changed"
    assert truth(fleet) == was
    assert all(request["dry_run"] for request in modifying(fleet))
    assert "backup_file" not in result
    assert list(tmp_path.iterdir()) == []
    assert "launch_permissions" not in json.dumps([item.get("before") for item in items(result)])


# When the run does not end


def restored(run_module: Run, *files: Path) -> None:
    """Restore from the backups, the latest first."""
    for file in files:
        result = run_module("ami_sharing_restore", src=str(file))
        assert not result["failed"], result["msg"]
        assert result["changed"]


def test_a_connection_that_is_lost_for_good(
    fleet: LocalEC2, run_module: Run, hooks: dict[str, Hook], tmp_path: Path
) -> None:
    was, file = truth(fleet), tmp_path / "golden.json"

    def lose(operation: str, _dry_run: bool) -> None:
        if operation.startswith("Modify"):
            fleet.switch(drop_every=1)

    hooks["after"] = lose
    options = {**MODULES["ec2_ami_sharing"], "concurrency": 1, "aws_config": ONCE}
    result = run_module("ec2_ami_sharing", **options, backup=str(file))
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["backup_file"] == str(file)
    assert truth(fleet) != was

    hooks.clear()
    fleet.switch(drop_every=0)
    restored(run_module, file)
    assert truth(fleet) == was


KILLED = """
import json, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
from ansible.module_utils import basic
given = json.load(sys.stdin)
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = json.dumps({"ANSIBLE_MODULE_ARGS": given["options"]}).encode(), "legacy"
from botocore.client import BaseClient
send = BaseClient._make_api_call

def sending(client, operation, arguments):
    response = send(client, operation, arguments)
    if operation.startswith("Modify"):
        os.kill(os.getpid(), given["signal"])
        time.sleep(0.5)  # on a busy machine, the main thread is late to notice it
    return response

BaseClient._make_api_call = sending
import importlib
importlib.import_module("ansible_collections.amikit.aws.plugins.modules." + given["module"]).main()
"""


def killed(number: signal.Signals, module: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
    """Run a module in a process that gets the signal when EC2 has answered its first write."""
    given = {"signal": number, "module": module, "options": {**options, "concurrency": 1}}
    return subprocess.run(
        [sys.executable, "-c", KILLED],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "module"), [(signal.SIGKILL, "ec2_ami_sharing"), (signal.SIGINT, "ec2_ami_attribute")], ids=str
)
def test_a_run_that_is_killed_after_its_first_write_can_be_taken_back(
    fleet: LocalEC2, run_module: Run, tmp_path: Path, number: signal.Signals, module: str
) -> None:
    """It is run again, over its backup, before anybody takes anything back."""
    was, file = truth(fleet), tmp_path / "golden.json"
    ended = killed(number, module, **MODULES[module], backup=str(file))
    assert ended.returncode != 0
    assert ended.stdout == "", "it had a result, so this shows nothing"
    assert truth(fleet) != was
    first = json.loads(file.read_text())

    again = run_module(module, **MODULES[module], backup=str(file))
    assert not again["failed"], again["msg"]
    earlier = tmp_path / f"golden.json.{first['made']}"
    assert json.loads(earlier.read_text()) == first
    assert truth(fleet) != was
    restored(run_module, file, earlier)
    assert truth(fleet) == was
