# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The aws command against the local EC2: every form in which it changes and reads images and snapshots."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import pytest
from unit.local_ec2.support import CLIENTS
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT

from local_ec2.client import LocalEC2

# `aws` takes half a second, most of it to load what it knows of EC2. This process does so once, and makes all else anew
# for each command: what one is told, such as --region, does not reach the next.
PROGRAM = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver

loader = create_clidriver().session.get_component("data_loader")
for line in sys.stdin:
    driver = create_clidriver()
    driver.session.register_component("data_loader", loader)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = driver.main(json.loads(line))
    said = [stream.flush() or stream.buffer.getvalue().decode() for stream in (out, err)]
    print(json.dumps([status, *said]), flush=True)
"""

OLD = "333333333333"
NEW = "111111111111"
FOREIGN = "ami-33333333"
UNKNOWN = "ami-44444444"
ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-123example"
UNIT = "arn:aws:organizations::111122223333:ou/o-123example/ou-1234-5example"
MODIFY = f"modify-image-attribute --image-id {IMAGE}"
MODIFY_SNAPSHOT = f"modify-snapshot-attribute --snapshot-id {SNAPSHOT}"
LAUNCH = "--attribute launchPermission"
CREATE = "--attribute createVolumePermission"

#: (exit status, output, error output)
Said = tuple[int, str, str]
Aws = Callable[[str], Said]

DONE = (0, "", "")


@pytest.fixture(scope="session")
def process(server: LocalEC2) -> Iterator[subprocess.Popen[str]]:
    command = [str(CLIENTS / "python"), "-c", PROGRAM]
    environment = {**os.environ, **server.environment()}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, encoding="utf-8") as started:
        yield started


@pytest.fixture
def aws(ec2: LocalEC2, process: subprocess.Popen[str]) -> Aws:
    """Run ``aws ec2`` with these arguments, written as for a shell."""

    def run(arguments: str) -> Said:
        assert process.stdin
        assert process.stdout
        print(json.dumps(["ec2", *shlex.split(arguments)]), file=process.stdin, flush=True)
        status, out, err = json.loads(process.stdout.readline())
        return status, out, err

    return run


@pytest.fixture(autouse=True)
def seeded(ec2: LocalEC2) -> None:
    """An image and its snapshot that are shared with OLD, and a foreign image that is shared with us."""
    shared_with_old = {"user_ids": [OLD]}
    snapshot = {"snapshot_id": SNAPSHOT, "create_volume_permissions": shared_with_old}
    texts = {"name": "golden-1", "description": "old", "boot_mode": "uefi", "tpm_support": "v2.0"}
    ec2.seed(
        {"image_id": IMAGE, "launch_permissions": shared_with_old, "snapshots": [snapshot], **texts},
        {"image_id": FOREIGN, "owner_id": "999999999999", "launch_permissions": {"user_ids": ["123456789012"]}},
    )


def shared(ec2: LocalEC2) -> set[str]:
    image = ec2.image(IMAGE)
    assert image is not None
    return {entry for entries in image["launch_permissions"].values() for entry in entries}


def snapshot_shared(ec2: LocalEC2) -> set[str]:
    snapshot = ec2.snapshot(SNAPSHOT)
    assert snapshot is not None
    return {entry for entries in snapshot["create_volume_permissions"].values() for entry in entries}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (f"--launch-permission Add=[{{UserId={NEW}}}]", {OLD, NEW}),
        (f"--launch-permission Add=[{{UserId={NEW}}},{{UserId=222222222222}}]", {OLD, NEW, "222222222222"}),
        ("--launch-permission Add=[{Group=all}]", {OLD, "all"}),
        (f"--launch-permission Add=[{{OrganizationArn={ORGANIZATION}}}]", {OLD, ORGANIZATION}),
        (f"--launch-permission Add=[{{OrganizationalUnitArn={UNIT}}}]", {OLD, UNIT}),
        (f"--launch-permission Remove=[{{UserId={OLD}}}]", set()),
        (f"--launch-permission Add=[{{UserId={NEW}}}],Remove=[{{UserId={OLD}}}]", {NEW}),
        (f"""--launch-permission '{{"Add": [{{"UserId": "{NEW}"}}]}}'""", {OLD, NEW}),
        (f"{LAUNCH} --launch-permission Add=[{{UserId={NEW}}}]", {OLD, NEW}),
        (f"--operation-type remove --launch-permission Remove=[{{UserId={OLD}}}]", set()),
        (f"{LAUNCH} --operation-type add --user-ids {NEW} 222222222222", {OLD, NEW, "222222222222"}),
        (f"{LAUNCH} --operation-type add --user-groups all", {OLD, "all"}),
        (f"{LAUNCH} --operation-type add --organization-arns {ORGANIZATION}", {OLD, ORGANIZATION}),
        (f"{LAUNCH} --operation-type add --organizational-unit-arns {UNIT}", {OLD, UNIT}),
        (f"{LAUNCH} --operation-type add --user-ids {NEW} --user-groups all", {OLD, NEW, "all"}),
        (f"{LAUNCH} --operation-type remove --user-ids {OLD}", set()),
    ],
)
def test_forms_of_sharing_an_image(ec2: LocalEC2, aws: Aws, arguments: str, wanted: set[str]) -> None:
    assert aws(f"{MODIFY} {arguments}") == DONE
    assert shared(ec2) == wanted


@pytest.mark.parametrize(
    ("entry", "option"),
    [
        ("{Group=all}", "--user-groups all"),
        (f"{{OrganizationArn={ORGANIZATION}}}", f"--organization-arns {ORGANIZATION}"),
        (f"{{OrganizationalUnitArn={UNIT}}}", f"--organizational-unit-arns {UNIT}"),
    ],
)
def test_what_one_form_has_added_the_other_removes(ec2: LocalEC2, aws: Aws, entry: str, option: str) -> None:
    for add, remove in (
        (f"--launch-permission Add=[{entry}]", f"{LAUNCH} --operation-type remove {option}"),
        (f"{LAUNCH} --operation-type add {option}", f"--launch-permission Remove=[{entry}]"),
    ):
        assert aws(f"{MODIFY} {add}") == DONE
        assert len(shared(ec2)) == 2
        assert aws(f"{MODIFY} {remove}") == DONE
        assert shared(ec2) == {OLD}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (f"--create-volume-permission Add=[{{UserId={NEW}}}]", {OLD, NEW}),
        ("--create-volume-permission Add=[{Group=all}]", {OLD, "all"}),
        (f"{CREATE} --create-volume-permission Remove=[{{UserId={OLD}}}]", set()),
        (f"""{CREATE} --create-volume-permission '{{"Add": [{{"UserId": "{NEW}"}}]}}'""", {OLD, NEW}),
        (f"{CREATE} --operation-type add --user-ids {NEW}", {OLD, NEW}),
        (f"{CREATE} --operation-type add --group-names all", {OLD, "all"}),
        (f"{CREATE} --operation-type remove --user-ids {OLD}", set()),
    ],
)
def test_forms_of_sharing_a_snapshot(ec2: LocalEC2, aws: Aws, arguments: str, wanted: set[str]) -> None:
    assert aws(f"{MODIFY_SNAPSHOT} {arguments}") == DONE
    assert snapshot_shared(ec2) == wanted


@pytest.mark.parametrize(
    ("arguments", "field", "wanted"),
    [
        ("--description 'two words'", "description", "two words"),
        ("--description 'Value=two words'", "description", "two words"),
        ("""--description '{"Value": "two words"}'""", "description", "two words"),
        ("--attribute description --description new", "description", "new"),
        ("--attribute description --value 'two words'", "description", "two words"),
        ("--imds-support v2.0", "imds_support", "v2.0"),
        ("--imds-support Value=v2.0", "imds_support", "v2.0"),
        ("--attribute imdsSupport --value v2.0", "imds_support", "v2.0"),
    ],
)
def test_forms_of_setting_a_text(ec2: LocalEC2, aws: Aws, arguments: str, field: str, wanted: str) -> None:
    assert aws(f"{MODIFY} {arguments}") == DONE
    image = ec2.image(IMAGE)
    assert image is not None
    assert image[field] == wanted


def test_resetting(ec2: LocalEC2, aws: Aws) -> None:
    assert aws(f"reset-image-attribute --image-id {IMAGE} {LAUNCH}") == DONE
    assert aws(f"reset-snapshot-attribute --snapshot-id {SNAPSHOT} {CREATE}") == DONE
    assert (shared(ec2), snapshot_shared(ec2)) == (set(), set())


@pytest.mark.parametrize(
    "arguments",
    [
        f"{MODIFY} --launch-permission Add=[{{UserId={NEW}}}]",
        f"{MODIFY} {LAUNCH} --operation-type remove --user-ids {OLD}",
        f"{MODIFY} --description new",
        f"reset-image-attribute --image-id {IMAGE} {LAUNCH}",
        f"{MODIFY_SNAPSHOT} {CREATE} --operation-type add --group-names all",
        f"reset-snapshot-attribute --snapshot-id {SNAPSHOT} {CREATE}",
        f"describe-image-attribute --image-id {IMAGE} --attribute description",
        "describe-images",
        f"deregister-image --image-id {IMAGE}",
        f"modify-image-attribute --image-id {UNKNOWN} --description new",
    ],
)
def test_dry_runs(ec2: LocalEC2, aws: Aws, arguments: str) -> None:
    before = ec2.image(IMAGE), ec2.snapshot(SNAPSHOT)
    would = "Request would have succeeded, but DryRun flag is set."
    assert aws(f"{arguments} --dry-run") == refused(arguments, "DryRunOperation", would)
    assert (ec2.image(IMAGE), ec2.snapshot(SNAPSHOT)) == before


def refused(arguments: str, code: str, text: str) -> Said:
    operation = arguments.split(maxsplit=1)[0].title().replace("-", "")
    return 255, "", f"\nAn error occurred ({code}) when calling the {operation} operation: {text}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (
            f"modify-image-attribute --image-id {UNKNOWN} --description new",
            "InvalidAMIID.NotFound",
            f"The image id '[{UNKNOWN}]' does not exist",
        ),
        (
            "modify-image-attribute --image-id golden --description new",
            "InvalidAMIID.Malformed",
            'Invalid id: "golden" (expecting "ami-...")',
        ),
        (
            f"modify-image-attribute --image-id {FOREIGN} --description new",
            "AuthFailure",
            f"Not authorized for image:{FOREIGN}",
        ),
        (MODIFY, "InvalidParameterCombination", "No attributes specified."),
        (f"{MODIFY} --user-ids {NEW}", "MissingParameter", "The request must contain the parameter LaunchPermission"),
        (
            f"{MODIFY} --launch-permission Add=[{{UserId=123}}]",
            "InvalidAMIAttributeItemValue",
            'Invalid attribute item value "123 " for userId item type.',
        ),
        (
            f"describe-images --image-ids {UNKNOWN}",
            "InvalidAMIID.NotFound",
            f"The image id '[{UNKNOWN}]' does not exist",
        ),
        (
            f"describe-images --image-ids {UNKNOWN} ami-55555555",
            "InvalidAMIID.NotFound",
            f"The image ids '[{UNKNOWN}, ami-55555555]' do not exist",
        ),
        (f"{MODIFY} --description ''", "MissingParameter", "The request must contain the parameter description"),
        (
            f"{MODIFY_SNAPSHOT} --create-volume-permission Add=[{{UserId={NEW}}}],Remove=[{{UserId={OLD}}}]",
            "InvalidParameterCombination",
            "One and only one operation type may be specified for createVolumePermissions",
        ),
        (
            f"describe-image-attribute --image-id {IMAGE} --attribute blockDeviceMapping",
            "AuthFailure",
            "Unauthorized attempt to access restricted resource",
        ),
        (
            f"modify-snapshot-attribute --snapshot-id snap-44444444 {CREATE} --operation-type add --user-ids {NEW}",
            "InvalidSnapshot.NotFound",
            "The snapshot 'snap-44444444' does not exist.",
        ),
    ],
)
def test_what_it_says_when_refused(ec2: LocalEC2, aws: Aws, arguments: str, code: str, text: str) -> None:
    before = ec2.image(IMAGE), ec2.snapshot(SNAPSHOT)
    assert aws(arguments) == refused(arguments, code, text)
    assert (ec2.image(IMAGE), ec2.snapshot(SNAPSHOT)) == before


@pytest.mark.parametrize(
    ("attribute", "shown"),
    [
        ("description", {"Description": {"Value": "old"}}),
        ("launchPermission", {"LaunchPermissions": [{"UserId": OLD}]}),
        ("productCodes", {"ProductCodes": []}),
        ("bootMode", {"BootMode": {"Value": "uefi"}}),
        ("tpmSupport", {"TpmSupport": {"Value": "v2.0"}}),
        ("deregistrationProtection", {"DeregistrationProtection": {"Value": "disabled"}}),
    ],
)
def test_reading_an_attribute(aws: Aws, attribute: str, shown: dict[str, Any]) -> None:
    status, out, err = aws(f"describe-image-attribute --image-id {IMAGE} --attribute {attribute}")
    assert (status, err) == (0, "")
    assert json.loads(out) == {"ImageId": IMAGE, **shown}


@pytest.mark.parametrize(
    "attribute", ["imdsSupport", "kernel", "lastLaunchedTime", "ramdisk", "sriovNetSupport", "uefiData"]
)
def test_reading_an_attribute_that_is_not_set(aws: Aws, attribute: str) -> None:
    status, out, err = aws(f"describe-image-attribute --image-id {IMAGE} --attribute {attribute}")
    assert (status, err) == (0, "")
    assert json.loads(out)["ImageId"] == IMAGE


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("describe-images --owners self --query Images[].ImageId", IMAGE),
        ("describe-images --executable-users self --query Images[].ImageId", FOREIGN),
        ("describe-images --owners 999999999999 --query Images[].ImageId", FOREIGN),
        (f"describe-images --executable-users {OLD} --owners self --query Images[].ImageId", IMAGE),
        ("describe-images --executable-users all --query Images[].ImageId", ""),
        (
            "describe-images --filters Name=name,Values=golden-* Name=is-public,Values=false --query Images[].Name",
            "golden-1",
        ),
        (f"describe-images --image-ids {IMAGE} {FOREIGN} --query length(Images)", "2"),
        ("describe-images --max-items 5 --page-size 5 --query length(Images)", "2"),
        ("describe-images --region eu-west-1 --query length(Images)", "0"),
        (f"describe-images --image-ids {IMAGE} --query Images[].BlockDeviceMappings[].Ebs.SnapshotId", SNAPSHOT),
        (f"describe-snapshots --owner-ids self --snapshot-ids {SNAPSHOT} --query Snapshots[].State", "completed"),
        (f"describe-snapshot-attribute --snapshot-id {SNAPSHOT} {CREATE} --query *[].UserId[]", OLD),
        ("get-image-block-public-access-state --query ImageBlockPublicAccessState", "unblocked"),
    ],
)
def test_reading(aws: Aws, arguments: str, shown: str) -> None:
    assert aws(f"{arguments} --output text") == (0, f"{shown}\n" if shown else "", "")


def test_the_life_of_an_image(ec2: LocalEC2, aws: Aws) -> None:
    disk = f"DeviceName=/dev/xvda,Ebs={{SnapshotId={SNAPSHOT}}}"
    register = f"register-image --name mine --root-device-name /dev/xvda --block-device-mappings {disk}"
    made = json.loads(aws(register)[1])["ImageId"]
    for arguments in (
        f"wait image-available --image-ids {made}",
        f"create-tags --resources {made} --tags Key=team,Value=web Key=stale,Value=yes",
        f"delete-tags --resources {made} --tags Key=stale",
    ):
        assert aws(arguments) == DONE
    tags = aws(f"describe-images --image-ids {made} --query Images[].Tags[] --output text")
    assert tags == (0, "team\tweb\n", "")
    copy = f"copy-image --name copy --source-region us-east-1 --source-image-id {made} --region eu-west-1"
    copied = ec2.image(json.loads(aws(copy)[1])["ImageId"])
    assert copied is not None
    assert copied["region"] == "eu-west-1"
    assert aws(f"deregister-image --image-id {made}")[0] == 0
    assert ec2.image(made) is None


def test_nothing_becomes_public_where_that_is_blocked(ec2: LocalEC2, aws: Aws) -> None:
    publish = f"{MODIFY} --launch-permission Add=[{{Group=all}}]"
    assert aws("enable-image-block-public-access --image-block-public-access-state block-new-sharing")[0] == 0
    assert "(OperationNotPermitted)" in aws(publish)[2]
    assert shared(ec2) == {OLD}
    assert aws("disable-image-block-public-access")[0] == 0
    assert aws(publish) == DONE
    assert shared(ec2) == {OLD, "all"}


def test_dating_and_protecting_an_image(aws: Aws) -> None:
    assert aws(f"enable-image-deprecation --image-id {IMAGE} --deprecate-at 2030-01-31T12:00:00Z")[0] == 0
    dated = f"describe-images --image-ids {IMAGE} --query Images[].DeprecationTime --output text"
    assert aws(dated) == (0, "2030-01-31T12:00:00.000Z\n", "")
    assert aws(f"disable-image-deprecation --image-id {IMAGE}")[0] == 0
    assert aws(dated) == DONE
    assert aws(f"enable-image-deregistration-protection --image-id {IMAGE}")[0] == 0
    assert "(OperationNotPermitted)" in aws(f"deregister-image --image-id {IMAGE}")[2]
    assert aws(f"disable-image-deregistration-protection --image-id {IMAGE}")[0] == 0
    assert aws(f"deregister-image --image-id {IMAGE}")[0] == 0


def test_leaving_an_image_that_others_share(aws: Aws) -> None:
    usable = "describe-images --executable-users self --query Images[].ImageId --output text"
    assert FOREIGN in aws(usable)[1]
    assert aws(f"cancel-image-launch-permission --image-id {FOREIGN}")[0] == 0
    assert FOREIGN not in aws(usable)[1]
