# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control API, the record of requests, and starting and stopping."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import Connect

from local_ec2.client import SECRET_KEY
from local_ec2.client import LocalEC2
from local_ec2.client import LocalEC2Error
from local_ec2.state.texts import FIELDS

TESTS = Path(__file__).resolve().parents[2]


def test_an_unknown_field_of_an_image_is_named(ec2: LocalEC2, api: Any) -> None:
    with pytest.raises(LocalEC2Error, match="unknown field: color; known: image_id, region"):
        ec2.seed({}, {"color": "red"})
    assert api.describe_images()["Images"] == []


def test_what_seeding_answers(ec2: LocalEC2) -> None:
    [plain, other] = ec2.seed({}, {"image_id": IMAGE, "region": "eu-west-1", "snapshots": [{}, {}]})
    assert len(plain["image_id"]) == len("ami-") + 17
    assert (plain["region"], len(plain["snapshot_ids"])) == ("us-east-1", 1)
    assert (other["image_id"], other["region"], len(other["snapshot_ids"])) == (IMAGE, "eu-west-1", 2)
    assert ec2.image(IMAGE, "us-east-1") is None
    assert (
        ec2.image(IMAGE)
        == ec2.image(IMAGE, "eu-west-1")
        == {
            "image_id": IMAGE,
            "region": "eu-west-1",
            "state": "available",
            **dict.fromkeys(FIELDS),
            "launch_permissions": {"group_names": [], "user_ids": [], "org_arns": [], "org_unit_arns": []},
        }
    )


def test_the_record(ec2: LocalEC2, connect: Connect, api: Any) -> None:
    someone = ec2.principal("someone")
    ec2.switch(iam=False)
    ec2.seed({"image_id": IMAGE, "region": "eu-west-1"})
    connect(region="eu-west-1", principal=someone).modify_image_attribute(ImageId=IMAGE, ImdsSupport={"Value": "v2.0"})
    with pytest.raises(api.exceptions.ClientError):
        api.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission", DryRun=True)
    connect("sts").get_caller_identity()
    first, second, third = ec2.requests()
    assert first.pop("started") <= second.pop("started")
    assert first == {
        "number": 1,
        "service": "ec2",
        "action": "ModifyImageAttribute",
        "region": "eu-west-1",
        "image_id": IMAGE,
        "snapshot_id": "",
        "attribute": "imdsSupport",
        "dry_run": False,
        "status": 200,
        "code": "",
        "principal": "someone",
        "parameters": {
            "Action": "ModifyImageAttribute",
            "Version": "2016-11-15",
            "ImageId": IMAGE,
            "ImdsSupport.Value": "v2.0",
        },
    }
    assert {name: second[name] for name in ("attribute", "dry_run", "status", "code", "principal")} == {
        "attribute": "launchPermission",
        "dry_run": True,
        "status": 412,
        "code": "DryRunOperation",
        "principal": "",
    }
    assert (third["service"], third["action"], third["status"]) == ("sts", "GetCallerIdentity", 200)
    assert ec2.summary() == {"ModifyImageAttribute": 1, "DescribeImageAttribute": 1, "GetCallerIdentity": 1}
    assert [entry["number"] for entry in ec2.requests("DescribeImageAttribute")] == [2]
    ec2.clear()
    assert ec2.requests() == []


def test_the_record_holds_no_credentials(ec2: LocalEC2, connect: Connect) -> None:
    someone = ec2.principal("someone")
    with pytest.raises(Exception, match="UnauthorizedOperation"):
        connect(principal=someone).describe_images()
    text = json.dumps(ec2.requests())
    assert "Signature" not in text
    assert not any(secret in text for secret in (SECRET_KEY, someone["secret_key"], someone["access_key"]))


def test_changes_made_at_once_are_all_kept(ec2: LocalEC2, api: Any) -> None:
    ec2.seed({"image_id": IMAGE})
    users = [f"{number:012}" for number in range(64)]

    def share(user: str) -> None:
        api.modify_image_attribute(ImageId=IMAGE, LaunchPermission={"Add": [{"UserId": user}]})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(share, users))
    image = ec2.image(IMAGE)
    assert image is not None
    assert image["launch_permissions"]["user_ids"] == users
    assert [entry["number"] for entry in ec2.requests()] == list(range(1, 65))


def test_a_reset_can_begin_with_images_and_switches(ec2: LocalEC2, api: Any) -> None:
    def reset(scene: dict[str, Any]) -> None:
        body = json.dumps(scene).encode()
        urllib.request.urlopen(urllib.request.Request(f"{ec2.url}/_local/reset", body, method="POST"), timeout=30)

    ec2.seed({"name": "before"})
    reset({"images": [{"name": "after"}], "switches": {"errors_of": {IMAGE: {"action": "X", "code": "Y"}}}})
    assert [image["Name"] for image in api.describe_images()["Images"]] == ["after"]
    assert ec2.switch()["errors_of"].keys() == {IMAGE}
    with pytest.raises(urllib.error.HTTPError):
        reset({"snapshots": []})


def test_an_unknown_route_lists_the_known_ones(ec2: LocalEC2) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{ec2.url}/_local/nothing", timeout=30)
    assert caught.value.code == 404
    assert "POST /_local/reset" in json.load(caught.value)["error"]


def test_the_start_up_text_and_the_seeds() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "local_ec2", "--seed", "--until-stdin-closes"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().removeprefix("LOCAL_EC2 ").strip()
        running = LocalEC2(url=url)
        image = running.image("ami-0a1b2c3d4e5f60002", "eu-west-1")
        process.stdin.close()
        text, errors = process.stdout.read(), process.stderr.read()
    assert url.startswith("http://127.0.0.1:")
    assert image is not None
    assert image["launch_permissions"]["group_names"] == ["all"]
    assert f"export AWS_ENDPOINT_URL={url}" in text
    assert "It holds these AMIs, of account 123456789012 unless another owner is named:" in text
    assert "ami-0a1b2c3d4e5f60002  eu-west-1  community-toolbox-3.2         everyone can launch it" in text
    assert (process.returncode, errors) == (0, "")


def test_the_client_stops_what_it_started() -> None:
    with LocalEC2(seed=True) as running:
        url = running.url
        assert running.pid
        assert running.environment(region="eu-west-1")["AWS_ENDPOINT_URL"] == url
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{url}/_local/switches", timeout=5)
    assert running.pid == 0


def test_a_server_ends_with_who_started_it() -> None:
    program = "from local_ec2.client import LocalEC2; import os; print(LocalEC2().start().url, flush=True); os._exit(1)"
    done = subprocess.run([sys.executable, "-c", program], cwd=TESTS, stdout=subprocess.PIPE, text=True, check=False)
    deadline = time.monotonic() + 10
    while _answers(done.stdout.strip()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        LocalEC2(url=url).switches()
    except OSError:
        return False
    return True
