# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulation's EC2 against the embedded one: the same calls, the same answers, so that the two do not drift apart.

The embedded one is asked through the engine's own edge, over HTTP. So the edge of the simulation is compared with that
one as well: what it makes of errors, of DryRun, of dropped connections, and what it calls uncertain.
"""

from __future__ import annotations

import json
import math
import re
import types
import typing as t
from dataclasses import dataclass
from dataclasses import field
from random import Random

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes import ec2 as engine
from local_ec2.client import LocalEC2
from local_ec2.state.grants import Grant
from local_ec2.state.grants import from_options
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort
from local_ec2.state.texts import FIELDS
from local_ec2.state.texts import TEXTS
from simulation.clock import VirtualClock
from simulation.ec2 import EC2
from simulation.edge import Edge
from simulation.faults import DROPPED_AFTER
from simulation.faults import DROPPED_BEFORE
from simulation.faults import FAILED_BEFORE
from simulation.faults import THROTTLED
from simulation.faults import Faults
from simulation.principals import OWNER
from simulation.state import GONE
from simulation.state import Blocking
from simulation.state import Change
from simulation.state import Cloud
from simulation.state import Denial
from simulation.state import Facts
from simulation.state import Resource
from simulation.state import Written
from simulation.wishes import options_of_entries

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

EAST, WEST = "us-east-1", "eu-west-1"
PARTNER = "210987654321"
A, B, C = ("111111111111", "222222222222", "333333333333")
ORG = f"arn:aws:organizations::{OWNER}:organization/o-abcdefghij"
OU = f"arn:aws:organizations::{OWNER}:ou/o-abcdefghij/ou-ab12-cdefghij"
NAMES = {
    "plain": "ami-0aaaaaaaaaaaaaaa1",
    "shared": "ami-0aaaaaaaaaaaaaaa2",
    "encrypted": "ami-0aaaaaaaaaaaaaaa3",
    "under aws": "ami-0aaaaaaaaaaaaaaa4",
    "marketplace": "ami-0aaaaaaaaaaaaaaa5",
    "pending": "ami-0aaaaaaaaaaaaaaa6",
    "disabled": "ami-0aaaaaaaaaaaaaaa7",
    "foreign": "ami-0aaaaaaaaaaaaaaa8",
    "hidden": "ami-0aaaaaaaaaaaaaaa9",
    "elsewhere": "ami-0aaaaaaaaaaaaaab1",
    "gone": "ami-0aaaaaaaaaaaaaab2",
    "unknown": "ami-0aaaaaaaaaaaaaab3",
}
SNAPSHOTS = {
    name: f"snap-0{number:016x}"
    for number, name in enumerate(("plain", "encrypted", "under aws", "pending", "error", "foreign", "unknown"), 0xABC1)
}
ENCRYPTED = ("encrypted", "under aws")
# What the engine looks at.
MEMBERS = frozenset(
    [
        "Images",
        "Snapshots",
        "ImageId",
        "SnapshotId",
        "State",
        "OwnerId",
        "Name",
        "CreationDate",
        "Public",
        "RootDeviceType",
        "RootDeviceName",
        "Description",
        "ImdsSupport",
        "BlockDeviceMappings",
        "DeviceName",
        "Ebs",
        "Encrypted",
        "KmsKeyId",
        "ProductCodes",
        "ProductCodeId",
        "ProductCodeType",
        "LaunchPermissions",
        "CreateVolumePermissions",
        "UserId",
        "Group",
        "OrganizationArn",
        "OrganizationalUnitArn",
        "NextToken",
        "ImageBlockPublicAccessState",
        "Tags",
        "Key",
        "Value",
        "DeprecationTime",
        "DeregistrationProtection",
        "Quota",
    ]
)
Json = dict[str, t.Any]


@pytest.fixture(scope="module")
def server() -> t.Iterator[LocalEC2]:
    with LocalEC2() as started:
        yield started


@dataclass
class Scripted(Faults):
    """What hits the attempts of the next request, once."""

    script: list[str] = field(default_factory=list)

    def befalls(self, _request: t.Any, _now: float) -> list[str]:
        script, self.script = self.script, []
        return script


@dataclass
class Both:
    """The embedded EC2 behind the engine's edge, and the one in memory behind the simulation's."""

    server: LocalEC2
    real: engine.EC2
    cloud: Cloud
    faults: Scripted
    simulated: Edge

    def call(self, operation: str, *, region: str = EAST, service: str = "ec2", **arguments: t.Any) -> Json:
        """Return what both answer, which is the same."""
        answers = [_outcome(edge, region, operation, service, arguments) for edge in (self.real, self.simulated)]
        assert answers[0] == answers[1]
        return answers[0]

    def same_truth(self) -> None:
        """Both hold the same."""
        for (region, resource_id), one in self.cloud.resources.items():
            image = one.sort is IMAGE
            found = (self.server.image if image else self.server.snapshot)(resource_id, region)
            if one.now.status == GONE:
                assert found is None
                continue
            assert found is not None
            held = found["launch_permissions" if image else "create_volume_permissions"]
            assert from_options(held, one.sort.kinds) == one.now.grants, resource_id
            texts = {FIELDS[name]: found[name] for name in FIELDS if found.get(name)} if image else {}
            assert texts == {name: text for name, text in one.now.texts.items() if name in TEXTS}, resource_id


def _outcome(edge: t.Any, region: str, operation: str, service: str, arguments: Json) -> Json:
    try:
        response = edge.call(region, operation, service=service, **arguments)
    except engine.EC2Error as error:
        failure = error.failure
        message = failure.message.partition(" Encoded authorization failure message")[0]
        return {
            "operation": failure.operation,
            "code": failure.code,
            # botocore's own messages name the address, and a user's ARN the user.
            "message": message if failure.request_id else "",
            "uncertain": failure.uncertain,
        }
    return t.cast("Json", _kept(response))


def _kept(value: t.Any) -> t.Any:
    """Return what the engine looks at, lists without their order, which EC2 does not promise."""
    if isinstance(value, list):
        return sorted((_kept(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    if isinstance(value, dict):
        kept = {name: _kept(each) for name, each in value.items() if name in MEMBERS}
        # A protection with a cool-down ends a day later by the clock of either; without one, it has ended.
        protection = str(kept.get("DeregistrationProtection", ""))
        kept |= {"DeregistrationProtection": "disabled"} if protection.startswith("disabled after ") else {}
        # The tokens of pages are opaque.
        return {name: each if name != "NextToken" else bool(each) for name, each in kept.items() if each != []}
    return value


def _edge(keys: t.Mapping[str, str], attempts: int = 2) -> engine.EC2:
    params = {"region": EAST, **keys, "aws_config": {"retries": {"total_max_attempts": attempts}}}
    module = types.SimpleNamespace(params=params, no_log_values=set())
    return engine.EC2(t.cast("AnsibleAWSModule", module), concurrency=1)


@pytest.fixture(scope="module")
def real(server: LocalEC2) -> t.Iterator[engine.EC2]:
    """Its clients take longer to make than all that a test asks them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield _edge({})


@pytest.fixture
def both(server: LocalEC2, real: engine.EC2) -> Both:
    """One of each kind of image and snapshot, in both."""
    server.reset()
    cloud = Cloud(OWNER)
    _add_snapshots(server, cloud)
    _add_images(server, cloud)
    faults = Scripted(Random(0))
    simulated = Edge(EC2(cloud, Random(0)), VirtualClock(), Random(0), faults, attempts=2)
    return Both(server, real, cloud, faults, simulated)


def _add_snapshots(server: LocalEC2, cloud: Cloud) -> None:
    held: dict[str, frozenset[Grant]] = {"plain": frozenset({("UserId", A)}), "foreign": frozenset({("UserId", OWNER)})}
    specs = []
    for name, snapshot_id in SNAPSHOTS.items():
        owner = PARTNER if name == "foreign" else OWNER
        status = name if name in ("pending", "error") else "completed"
        facts = Facts(status, held.get(name, frozenset()))
        spec = {"snapshot_id": snapshot_id, "owner_id": owner, "state": status, **_encryption(name)}
        if name != "unknown":
            specs.append({**spec, "create_volume_permissions": options_of_entries(facts.grants)})
            cloud.add(Resource(SNAPSHOT, snapshot_id, EAST, owner, [_seeded(facts)]))
    server.seed_snapshots(*specs)
    for name in ("encrypted", "under aws"):
        _take_up_key(server, cloud, cloud.resources[EAST, SNAPSHOTS[name]])


def _seeded(facts: Facts) -> Change:
    return Change(-math.inf, "", "", facts)


def _encryption(name: str) -> Json:
    return {"encrypted": name in ENCRYPTED, "kms_key_id": "alias/aws/ebs" if name == "under aws" else None}


def _take_up_key(server: LocalEC2, cloud: Cloud, one: Resource) -> None:
    """Give the snapshot the key that the embedded EC2 has made for it."""
    one.key = (server.snapshot(one.id, one.region) or {})["kms_key_id"]
    managed = one.id in (SNAPSHOTS["under aws"], behind(NAMES["under aws"]))
    cloud.keys[one.key] = "AWS" if managed else "CUSTOMER"
    policy = json.dumps((server.key(one.key) or {})["policy"])
    cloud.policies[one.key] = [Written(-math.inf, "", policy)]


def behind(image_id: str) -> str:
    return image_id.replace("ami-", "snap-")


def _add_images(server: LocalEC2, cloud: Cloud) -> None:
    held = {"shared": [("UserId", A), ("OrganizationArn", ORG)], "foreign": [("UserId", OWNER)]}
    specs = []
    for number, (name, image_id) in enumerate(NAMES.items()):
        owner = PARTNER if name in ("foreign", "hidden") else OWNER
        region = WEST if name == "elsewhere" else EAST
        texts = {"description": "old", "imdsSupport": "v2.0"} if name == "shared" else {}
        status = name if name in ("pending", "disabled") else "available"
        facts = Facts(status, frozenset(held.get(name, ())), texts)
        created = f"2026-01-{number + 1:02}T00:00:00.000Z"
        code = "8kq3tpyv1x2mfm0nsdl5wcx9z" if name == "marketplace" else ""
        snapshot = Resource(SNAPSHOT, behind(image_id), region, owner, [_seeded(Facts("completed"))])
        image = Resource(IMAGE, image_id, region, owner, [_seeded(facts)])
        image.name, image.created, image.product_code, image.behind = f"{name} image", created, code, (snapshot,)
        spec: Json = {
            "image_id": image_id,
            "region": region,
            "owner_id": owner,
            "name": image.name,
            "state": status,
            "creation_date": created,
            "product_codes": [code] if code else None,
            "launch_permissions": options_of_entries(facts.grants),
            "snapshots": [{"snapshot_id": snapshot.id, **_encryption(name)}],
            **{field: texts[attribute] for field, attribute in FIELDS.items() if attribute in texts},
        }
        if name != "unknown":
            specs.append(spec)
            cloud.add(snapshot)
            cloud.add(image)
    server.seed(*specs)
    for name in ENCRYPTED:
        _take_up_key(server, cloud, cloud.resources[EAST, behind(NAMES[name])])


def add(*entries: Grant) -> Json:
    return {"Add": [{kind: value} for kind, value in entries]}


def remove(*entries: Grant) -> Json:
    return {"Remove": [{kind: value} for kind, value in entries]}


DRY_AND_REAL: tuple[Json, Json] = ({"DryRun": True}, {})
USER, EVERYONE, GROUP = ("UserId", B), ("Group", "all"), ("OrganizationArn", ORG)
# The structure of a request, by what it is called.
IMAGE_FORMS: dict[str, Json] = {
    "an account": {"LaunchPermission": add(USER)},
    "accounts and groups": {"LaunchPermission": add(USER, GROUP, ("OrganizationalUnitArn", OU))},
    "the owner": {"LaunchPermission": add(("UserId", OWNER))},
    "everyone": {"LaunchPermission": add(EVERYONE)},
    "what is there": {"LaunchPermission": add(("UserId", A))},
    "takes an account": {"LaunchPermission": remove(("UserId", A))},
    "takes what is not there": {"LaunchPermission": remove(("UserId", C))},
    "an odd account": {"LaunchPermission": add(("UserId", "1234"))},
    "an odd organization": {"LaunchPermission": add(("OrganizationArn", "o-abcdefghij"))},
    "an odd unit": {"LaunchPermission": add(("OrganizationalUnitArn", ORG))},
    "an odd group": {"LaunchPermission": add(("Group", "everyone"))},
    "nothing": {"LaunchPermission": {"Add": []}},
    "both at once": {"LaunchPermission": {**add(USER), **remove(("UserId", A))}},
    "a description": {"Description": {"Value": "new"}},
    "no description": {"Description": {"Value": ""}},
    "an odd description": {"Description": {"Value": "caf\u00e9"}},
    "imdsSupport": {"ImdsSupport": {"Value": "v2.0"}},
    "an odd imdsSupport": {"ImdsSupport": {"Value": "v1.0"}},
    "two attributes": {"Description": {"Value": "new"}, "LaunchPermission": add(USER)},
}
SNAPSHOT_FORMS: dict[str, Json] = {
    name: {"CreateVolumePermission": form["LaunchPermission"], "Attribute": "createVolumePermission"}
    for name, form in IMAGE_FORMS.items()
    if set(form) == {"LaunchPermission"}
    and not any(
        kind.startswith("Organ") for entries in form["LaunchPermission"].values() for each in entries for kind in each
    )
    and name != "nothing"
}
SNAPSHOT_FORMS["too many"] = {
    "CreateVolumePermission": add(*(("UserId", f"{number:012}") for number in range(501))),
    "Attribute": "createVolumePermission",
}


@pytest.mark.parametrize("form", IMAGE_FORMS)
def test_modifying_images(both: Both, form: str) -> None:
    for name, image_id in NAMES.items():
        region = WEST if name == "elsewhere" else EAST
        for dry_run in DRY_AND_REAL:
            both.call("modify_image_attribute", region=region, ImageId=image_id, **IMAGE_FORMS[form], **dry_run)
    both.same_truth()


def tags(**values: str) -> Json:
    return {"Tags": [{"Key": f"ec2:SharedTag/{key}", "Value": value} for key, value in values.items()]}


def keys(*names: str) -> Json:
    return {"Tags": [{"Key": f"ec2:SharedTag/{name}"} for name in names]}


# Operations on one image, one after the other.
LIVES: dict[str, list[tuple[str, Json]]] = {
    "tags": [("create_tags", tags(status="new", release="1")), ("create_tags", tags(status="old"))],
    "tags removed": [("create_tags", tags(status="new", release="1")), ("delete_tags", keys("status", "missing"))],
    "all the tags that an image can have": [
        ("create_tags", tags(**{f"tag-{number}": "1" for number in range(49)})),
        ("create_tags", tags(status="new", release="1")),
        ("create_tags", tags(status="new")),
        ("create_tags", tags(release="1")),
        ("create_tags", tags(status="old")),
    ],
    "a date": [("enable_image_deprecation", {"DeprecateAt": "2027-11-30T10:00:31Z"})],
    "no date": [
        ("enable_image_deprecation", {"DeprecateAt": "2027-11-30T10:00:00Z"}),
        ("disable_image_deprecation", {}),
    ],
    "a date that has passed": [("enable_image_deprecation", {"DeprecateAt": "2020-01-01T00:00:00Z"})],
    "a date too far": [("enable_image_deprecation", {"DeprecateAt": "2045-01-01T00:00:00Z"})],
    "a date too far while public": [
        ("modify_image_attribute", IMAGE_FORMS["everyone"]),
        ("enable_image_deprecation", {"DeprecateAt": "2029-01-01T00:00:00Z"}),
        ("disable_image_deprecation", {}),
    ],
    "protection": [("enable_image_deregistration_protection", {"WithCooldown": False})],
    "a cool-down": [
        ("enable_image_deregistration_protection", {"WithCooldown": True}),
        ("disable_image_deregistration_protection", {}),
        ("enable_image_deregistration_protection", {"WithCooldown": True}),
    ],
    "disabled": [
        ("disable_image", {}),
        ("modify_image_attribute", IMAGE_FORMS["an account"]),
        ("disable_image", {}),
        ("enable_image", {}),
        ("enable_image", {}),
    ],
}


@pytest.mark.parametrize("life", LIVES)
def test_the_life_of_images(both: Both, life: str) -> None:
    for name, image_id in NAMES.items():
        region = WEST if name == "elsewhere" else EAST
        for operation, arguments in LIVES[life]:
            target: Json = {"Resources": [image_id]} if "Tags" in arguments else {"ImageId": image_id}
            for dry_run in DRY_AND_REAL:
                both.call(operation, region=region, **target, **arguments, **dry_run)
    both.same_truth()
    by_id = [{"Name": "image-id", "Values": list(NAMES.values())}]
    owners: tuple[Json, Json] = ({}, {"Owners": ["self"]})
    for own in owners:
        both.call("describe_images", Filters=by_id, IncludeDisabled=True, IncludeDeprecated=True, **own)


def test_tags_of_many_are_set_together_or_not_at_all(both: Both) -> None:
    for others in (["elsewhere"], ["foreign"], ["shared", "disabled", "pending"]):
        resources = [NAMES[name] for name in ("plain", *others)]
        both.call("create_tags", Resources=resources, **tags(others="-".join(others)))
        both.call("describe_images", Owners=["self"], IncludeDisabled=True)


def test_what_service_quotas_lists(both: Both) -> None:
    both.server.switch(sharing_quota=1200, public_quota=7)
    both.cloud.sharing_quota, both.cloud.public_quota = 1200, 7
    for code in ("L-70015FFA", "L-0E3CBAB9"):
        asked = {"service": "service-quotas", "ServiceCode": "ec2", "QuotaCode": code}
        for operation in ("get_service_quota", "get_aws_default_service_quota"):
            assert both.call(operation, **asked)["Quota"]["Value"]


def test_public_images_are_counted(both: Both) -> None:
    for name in ("plain", "shared"):
        both.call("modify_image_attribute", ImageId=NAMES[name], **IMAGE_FORMS["everyone"])
    public = [{"Name": "is-public", "Values": ["true"]}]
    assert len(both.call("describe_images", Filters=public, Owners=["self"], MaxResults=1000)["Images"]) == 2


@pytest.mark.parametrize("form", SNAPSHOT_FORMS)
def test_modifying_snapshots(both: Both, form: str) -> None:
    for snapshot_id in SNAPSHOTS.values():
        for dry_run in DRY_AND_REAL:
            both.call("modify_snapshot_attribute", SnapshotId=snapshot_id, **SNAPSHOT_FORMS[form], **dry_run)
    both.same_truth()


def test_reading_permissions(both: Both) -> None:
    for image_id in (*NAMES.values(), "ami-nonsense"):
        both.call("describe_image_attribute", ImageId=image_id, Attribute="launchPermission")
    for snapshot_id in (*SNAPSHOTS.values(), "snap-nonsense"):
        both.call("describe_snapshot_attribute", SnapshotId=snapshot_id, Attribute="createVolumePermission")


@pytest.mark.parametrize("own", [False, True])
def test_describing(both: Both, own: bool) -> None:
    images: Json = {"Owners": ["self"]} if own else {}
    snapshots: Json = {"OwnerIds": ["self"]} if own else {}
    by_id = [{"Name": "image-id", "Values": list(NAMES.values())}]
    more: Json = {"IncludeDisabled": True, "IncludeDeprecated": True}
    for options in ({}, more):
        assert both.call("describe_images", Filters=by_id, **images, **options)["Images"]
    by_id = [{"Name": "snapshot-id", "Values": list(SNAPSHOTS.values())}]
    assert both.call("describe_snapshots", Filters=by_id, **snapshots)["Snapshots"]


SEARCHES: dict[str, list[Json]] = {
    "a pattern": [{"Name": "name", "Values": ["*e* image"]}],
    "two patterns": [{"Name": "name", "Values": ["plain*", "under*"]}],
    "a state": [{"Name": "state", "Values": ["pending", "disabled"]}],
    "both": [{"Name": "state", "Values": ["available"]}, {"Name": "name", "Values": ["p*", "s*"]}],
    "none": [{"Name": "name", "Values": ["nothing"]}],
}


@pytest.mark.parametrize("filters", SEARCHES.values(), ids=list(SEARCHES))
def test_searching(both: Both, filters: list[Json]) -> None:
    both.call("describe_images", Filters=filters, Owners=["self"], MaxResults=1000, IncludeDisabled=True)


def test_pages(both: Both) -> None:
    """Both show the same images on each page."""
    arguments: Json = {"Owners": ["self"], "MaxResults": 5, "IncludeDisabled": True}
    pages = [
        [[image["ImageId"] for image in page["Images"]] for page in edge.pages(EAST, "describe_images", **arguments)]
        for edge in (both.real, both.simulated)
    ]
    assert pages[0] == pages[1]
    assert [len(page) for page in pages[0]] == [5, 3]


def test_what_is_gone(both: Both) -> None:
    """A deregistered image is no longer available, and described by nothing."""
    both.server.switch(deregister_after_read=[NAMES["gone"]])
    one = both.cloud.resources[EAST, NAMES["gone"]]
    both.call("describe_image_attribute", ImageId=one.id, Attribute="launchPermission")
    one.history.append(Change(both.simulated.clock.now, "", "", Facts(GONE)))
    both.call("describe_image_attribute", ImageId=one.id, Attribute="launchPermission")
    both.call("modify_image_attribute", ImageId=one.id, **IMAGE_FORMS["an account"])
    both.call("describe_images", Filters=[{"Name": "image-id", "Values": [one.id]}], IncludeDisabled=True)
    both.same_truth()


@pytest.mark.parametrize("sort", [IMAGE, SNAPSHOT], ids=["images", "snapshots"])
def test_block_public_access(both: Both, sort: Sort) -> None:
    operation = f"get_{sort.name}_block_public_access_state"
    both.call(operation)
    both.server.switch(**{sort.blocking.switch: {EAST: sort.blocking.states[0]}})
    both.cloud.blocking.append(Blocking(sort, EAST))
    for region in (EAST, WEST):
        both.call(operation, region=region)
    both.call("modify_image_attribute", ImageId=NAMES["plain"], **IMAGE_FORMS["everyone"])
    both.call("modify_snapshot_attribute", SnapshotId=SNAPSHOTS["plain"], **SNAPSHOT_FORMS["everyone"])
    both.same_truth()


@pytest.mark.parametrize(("sharing", "public"), [(2, None), (None, 1)], ids=["entries", "public images"])
def test_quotas(both: Both, sharing: int | None, public: int | None) -> None:
    both.server.switch(sharing_quota=sharing, public_quota=public)
    both.cloud.sharing_quota, both.cloud.public_quota = sharing or 1000, public or math.inf
    for image in ("plain", "shared"):
        for form in ("an account", "accounts and groups", "everyone", "takes an account", "what is there"):
            both.call("modify_image_attribute", ImageId=NAMES[image], **IMAGE_FORMS[form])
    both.same_truth()


def test_keys_and_the_caller(both: Both) -> None:
    for edge in (both.real, both.simulated):
        managers = [edge.call(EAST, "describe_key", service="kms", KeyId=arn)["KeyMetadata"] for arn in both.cloud.keys]
        assert sorted(manager["KeyManager"] for manager in managers) == ["AWS", "CUSTOMER"]
        assert edge.call(EAST, "get_caller_identity", service="sts")["Account"] == OWNER


def test_key_policies(both: Both) -> None:
    more = {"Sid": "More", "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    [arn] = [arn for arn, manager in both.cloud.keys.items() if manager == "CUSTOMER"][:1]
    named: Json = {"service": "kms", "KeyId": arn, "PolicyName": "default"}
    shown = []
    for edge in (both.real, both.simulated):
        held = json.loads(edge.call(EAST, "get_key_policy", **named)["Policy"])
        changed = {**held, "Statement": [*held["Statement"], more]}
        edge.call(EAST, "put_key_policy", **named, Policy=json.dumps(changed))
        shown.append((held, json.loads(edge.call(EAST, "get_key_policy", **named)["Policy"])))
    assert shown[0] == shown[1]
    assert shown[0][1]["Statement"][-1] == more


DENIABLE: dict[str, Json] = {
    "ModifyImageAttribute": {"ImageId": NAMES["plain"], **IMAGE_FORMS["an account"]},
    "ModifySnapshotAttribute": {"SnapshotId": SNAPSHOTS["plain"], **SNAPSHOT_FORMS["an account"]},
    "DescribeImageAttribute": {"ImageId": NAMES["plain"], "Attribute": "launchPermission"},
    "DescribeSnapshotAttribute": {"SnapshotId": SNAPSHOTS["plain"], "Attribute": "createVolumePermission"},
    "DescribeImages": {},
    "DescribeSnapshots": {},
    "GetImageBlockPublicAccessState": {},
    "GetSnapshotBlockPublicAccessState": {},
    "CreateTags": {"Resources": [NAMES["plain"]], **tags(status="new")},
    "DeleteTags": {"Resources": [NAMES["plain"]], **keys("status")},
    "EnableImage": {"ImageId": NAMES["plain"]},
    "DisableImage": {"ImageId": NAMES["plain"]},
    "EnableImageDeprecation": {"ImageId": NAMES["plain"], "DeprecateAt": "2027-11-30T10:00:00Z"},
    "DisableImageDeprecation": {"ImageId": NAMES["plain"]},
    "EnableImageDeregistrationProtection": {"ImageId": NAMES["plain"], "WithCooldown": True},
    "DisableImageDeregistrationProtection": {"ImageId": NAMES["plain"]},
}
OPERATIONS = {action: re.sub("(?<!^)([A-Z])", r"_\1", action).lower() for action in DENIABLE}


@pytest.mark.parametrize("action", DENIABLE)
def test_denials(both: Both, action: str) -> None:
    allowed = [f"ec2:{other}" for other in DENIABLE if other != action]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]}
    user = both.server.principal("somebody", policy)
    both.real = _edge({name: user[name] for name in ("access_key", "secret_key")})
    both.cloud.denials.append(Denial(action))
    arguments = DENIABLE[action]
    answer = both.call(OPERATIONS[action], **arguments)
    assert answer["code"] == "UnauthorizedOperation"
    if action.startswith("Modify"):
        both.call(OPERATIONS[action], **arguments, DryRun=True)
        unknown = {
            name: NAMES["unknown"] if name == "ImageId" else SNAPSHOTS["unknown"] for name in arguments if "Id" in name
        }
        both.call(OPERATIONS[action], **{**arguments, **unknown})
        both.call(OPERATIONS[action], **{**arguments, **unknown}, DryRun=True)
    both.same_truth()


SWITCHES = {
    THROTTLED: "throttle_every",
    FAILED_BEFORE: "fail_every",
    DROPPED_BEFORE: "drop_every",
    DROPPED_AFTER: "drop_after_every",
}


@pytest.mark.parametrize("times", [1, 2], ids=["once", "each time"])
@pytest.mark.parametrize("fault", SWITCHES)
def test_faults_on_the_way(both: Both, fault: str, times: int) -> None:
    """Of two attempts the first one or both meet the fault."""
    switch = SWITCHES[fault]
    both.real = _edge({})  # one that has been throttled goes on slowly
    both.server.switch(**{switch: 1 if times == 2 else 2})
    if times == 1:
        both.real.call(EAST, "describe_images", Owners=["self"])  # the next request is the second one
    both.faults.script = [fault] * times
    answer = both.call("modify_image_attribute", ImageId=NAMES["plain"], **IMAGE_FORMS["an account"])
    assert bool(answer) == (times == 2)
    both.server.switch(**{switch: 0})
    both.same_truth()


@pytest.mark.parametrize("seed", range(3))
def test_many_requests_one_after_the_other(both: Both, seed: int) -> None:
    chance = Random(seed)
    for _each in range(60):
        if chance.random() < 0.6:
            name, form = chance.choice(list(NAMES)), chance.choice(list(IMAGE_FORMS))
            both.call("modify_image_attribute", ImageId=NAMES[name], **IMAGE_FORMS[form])
        else:
            name, form = chance.choice(list(SNAPSHOTS)), chance.choice(list(SNAPSHOT_FORMS))
            both.call("modify_snapshot_attribute", SnapshotId=SNAPSHOTS[name], **SNAPSHOT_FORMS[form])
    both.same_truth()
