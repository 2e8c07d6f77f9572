# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""KMS keys: what describing them shows, in which states and Regions they are, and who may look at them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import IMAGE
from unit.local_ec2.support import SNAPSHOT
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2
from local_ec2.client import LocalEC2Error

OWNER, PARTNER = "123456789012", "210987654321"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:{OWNER}:key/{KEY_ID}"
ALIAS = "alias/golden"
DENIED = "AccessDeniedException"


@pytest.fixture
def kms(connect: Connect) -> Any:
    return connect("kms")


def everyone(*actions: str, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition} if condition else statement]}


def iam(*actions: str, on: str = "*") -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {"Version": "2012-10-17", "Statement": [allow]}


@pytest.fixture
def as_partner(ec2: LocalEC2, connect: Connect) -> Callable[..., Any]:
    """A client of another account, whose IAM policies allow everything."""
    keys = ec2.principal("partner", iam("*"), PARTNER)
    ec2.switch(iam=False)
    return lambda service="kms": connect(service, principal=keys)


def test_what_seeding_answers_and_the_truth(ec2: LocalEC2) -> None:
    [made] = ec2.seed_keys({"key_id": KEY_ID, "aliases": [ALIAS]})
    assert made == {"key_id": KEY_ID, "arn": ARN, "region": "us-east-1", "replica_arns": []}
    key = ec2.key(ARN)
    assert key is not None
    [statement] = key.pop("policy")["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{OWNER}:root"}
    assert key == {"key_id": KEY_ID, "arn": ARN, "state": "Enabled", "manager": "CUSTOMER", "aliases": [ALIAS]}
    assert ec2.key(ARN[:-1]) is None
    with pytest.raises(LocalEC2Error, match="unknown field: color; known: key_id, region"):
        ec2.seed_keys({"color": "red"})


@pytest.mark.parametrize("name", [KEY_ID, ARN, ALIAS, f"arn:aws:kms:us-east-1:{OWNER}:{ALIAS}"])
def test_a_key_is_described_by_every_name(ec2: LocalEC2, kms: Any, name: str) -> None:
    ec2.seed_keys({"key_id": KEY_ID, "aliases": [ALIAS]})
    key = kms.describe_key(KeyId=name)["KeyMetadata"]
    assert (key["Arn"], key["KeyManager"], key["KeyState"], key["Enabled"]) == (ARN, "CUSTOMER", "Enabled", True)


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        (KEY_ID, "NotFoundException", f"Key '{ARN}' does not exist"),
        (ARN, "NotFoundException", f"Key '{ARN}' does not exist"),
        (ALIAS, "NotFoundException", f"Alias arn:aws:kms:us-east-1:{OWNER}:{ALIAS} is not found."),
        ("golden", "NotFoundException", "Invalid keyId golden"),
        (ARN.replace("us-east-1", "eu-west-1"), "NotFoundException", "Invalid arn eu-west-1"),
    ],
)
def test_names_of_nothing(kms: Any, refusal: Callable[..., Refusal], name: str, code: str, message: str) -> None:
    assert refusal(kms.describe_key, KeyId=name) == (400, code, message)


@pytest.mark.parametrize("state", ["Enabled", "Disabled", "PendingDeletion", "PendingImport", "Unavailable"])
def test_states(ec2: LocalEC2, kms: Any, state: str) -> None:
    """In each of them the policy can be read and written (KMS Developer Guide, "Key states")."""
    ec2.seed_keys({"key_id": KEY_ID, "state": state})
    key = kms.describe_key(KeyId=KEY_ID)["KeyMetadata"]
    assert (key["KeyState"], key["Enabled"]) == (state, state == "Enabled")
    assert ("DeletionDate" in key) is (state == "PendingDeletion")
    kms.put_key_policy(KeyId=KEY_ID, Policy=kms.get_key_policy(KeyId=KEY_ID)["Policy"])


def test_states_change(ec2: LocalEC2, kms: Any) -> None:
    ec2.seed_keys({"key_id": KEY_ID})
    kms.disable_key(KeyId=KEY_ID)
    assert kms.describe_key(KeyId=KEY_ID)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.schedule_key_deletion(KeyId=KEY_ID)
    assert (ec2.key(ARN) or {})["state"] == "PendingDeletion"


def test_the_key_that_aws_manages(ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal]) -> None:
    key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert key["KeyManager"] == "AWS"
    text = kms.get_key_policy(KeyId=key["Arn"])["Policy"]
    assert json.loads(text)["Statement"][0]["Condition"]["StringEquals"]["kms:CallerAccount"] == OWNER
    assert refusal(kms.put_key_policy, KeyId=key["Arn"], Policy=json.dumps(everyone("kms:*"))) == (
        400,
        DENIED,
        (
            f"User: arn:aws:iam::{OWNER}:root is not authorized to perform: kms:PutKeyPolicy on resource: {key['Arn']} "
            "because no resource-based policy allows the kms:PutKeyPolicy action"
        ),
    )
    assert json.loads(text) == (ec2.key(key["Arn"]) or {})["policy"]


def test_replicas_have_policies_and_aliases_of_their_own(
    ec2: LocalEC2, kms: Any, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    [made] = ec2.seed_keys({"replica_regions": ["eu-west-1"], "aliases": [ALIAS], "policy": everyone("kms:*")})
    [replica] = made["replica_arns"]
    assert made["key_id"].startswith("mrk-")
    assert replica == made["arn"].replace("us-east-1", "eu-west-1")
    there = connect("kms", region="eu-west-1")
    for client, kind in ((kms, "PRIMARY"), (there, "REPLICA"), (kms, "PRIMARY")):
        shown = client.describe_key(KeyId=made["key_id"])["KeyMetadata"]["MultiRegionConfiguration"]
        assert shown["MultiRegionKeyType"] == kind
        assert (shown["PrimaryKey"]["Arn"], [one["Arn"] for one in shown["ReplicaKeys"]]) == (made["arn"], [replica])
    assert refusal(there.describe_key, KeyId=ALIAS)[1] == "NotFoundException"
    assert "Enable IAM" in there.get_key_policy(KeyId=replica)["Policy"]
    there.put_key_policy(KeyId=replica, Policy=json.dumps(everyone("kms:*", StringEquals={"kms:CallerAccount": OWNER})))
    assert (ec2.key(made["arn"]) or {})["policy"] == everyone("kms:*")


def test_replicating(ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal]) -> None:
    primary = kms.create_key(MultiRegion=True)["KeyMetadata"]
    answer = kms.replicate_key(KeyId=primary["KeyId"], ReplicaRegion="eu-west-1")
    assert answer["ReplicaKeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert json.loads(answer["ReplicaPolicy"]) == (ec2.key(primary["Arn"]) or {})["policy"]
    single = kms.create_key()["KeyMetadata"]["KeyId"]
    code = refusal(kms.replicate_key, KeyId=single, ReplicaRegion="eu-west-1")[1]
    assert code == "UnsupportedOperationException"


@pytest.mark.parametrize("name", [ARN, f"arn:aws:kms:us-east-1:{OWNER}:{ALIAS}"])
def test_a_key_of_another_account_is_described_if_its_policy_allows_it(
    ec2: LocalEC2, as_partner: Callable[..., Any], refusal: Callable[..., Refusal], name: str
) -> None:
    describe = as_partner().describe_key
    unknown = refusal(describe, KeyId=name)
    ec2.seed_keys({"key_id": KEY_ID, "aliases": [ALIAS]})
    known = refusal(describe, KeyId=name)
    assert (unknown[1], unknown[2].replace(name, ARN)) == (known[1], known[2])
    assert known[1] == DENIED
    ec2.reset()
    ec2.seed_keys({"key_id": KEY_ID, "aliases": [ALIAS], "policy": everyone("kms:DescribeKey")})
    assert describe(KeyId=name)["KeyMetadata"]["Arn"] == ARN


def test_the_policy_of_a_key_of_another_account_is_out_of_reach(
    ec2: LocalEC2, as_partner: Callable[..., Any], refusal: Callable[..., Refusal]
) -> None:
    ec2.seed_keys({"key_id": KEY_ID, "policy": everyone("kms:*")})
    for operation, more in (("get_key_policy", {}), ("put_key_policy", {"Policy": json.dumps(everyone("kms:*"))})):
        status, code, message = refusal(getattr(as_partner(), operation), KeyId=ARN, **more)
        assert (status, code) == (400, DENIED)
        assert message.endswith(f"on resource: {ARN} {FOREIGN}")


FOREIGN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
    "policy explicitly denies access"
)


@pytest.mark.parametrize(("path", "inside"), [("o-1/r-1/ou-1-1/ou-1-2/", True), ("o-1/r-1/", False), ("", False)])
def test_where_a_caller_is_in_an_organization(
    ec2: LocalEC2, as_partner: Callable[..., Any], refusal: Callable[..., Refusal], path: str, inside: bool
) -> None:
    paths = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*/ou-1-1/*"}}
    ec2.seed_keys({"key_id": KEY_ID, "policy": everyone("kms:DescribeKey", **paths)})
    ec2.switch(organization_paths={PARTNER: path})
    if inside:
        assert as_partner().describe_key(KeyId=ARN)["KeyMetadata"]["Arn"] == ARN
    else:
        assert refusal(as_partner().describe_key, KeyId=ARN)[1] == DENIED


@pytest.mark.parametrize(("unit", "inside"), [("Workloads/Prod", True), ("Workloads", False)])
def test_a_caller_is_where_the_organization_has_it(
    ec2: LocalEC2, as_partner: Callable[..., Any], refusal: Callable[..., Refusal], unit: str, inside: bool
) -> None:
    paths = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/*/ou-ab12-prodprod/*"}}
    ec2.seed_keys({"key_id": KEY_ID, "policy": everyone("kms:DescribeKey", **paths)})
    ec2.seed_organization(accounts=[{"account_id": PARTNER, "name": "partner", "ou": unit}])
    describe = as_partner().describe_key
    if inside:
        assert describe(KeyId=ARN)["KeyMetadata"]["Arn"] == ARN
    else:
        assert refusal(describe, KeyId=ARN)[1] == DENIED
    ec2.switch(organization_paths={PARTNER: ""})
    assert refusal(describe, KeyId=ARN)[1] == DENIED


def test_a_grant_on_a_key_of_another_account(
    ec2: LocalEC2, kms: Any, as_partner: Callable[..., Any], refusal: Callable[..., Refusal]
) -> None:
    roles = {"StringLike": {"kms:GranteePrincipal": "arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/*"}}
    ec2.seed_keys({"key_id": KEY_ID, "policy": everyone("kms:CreateGrant", "kms:ListGrants", **roles)})
    create = as_partner().create_grant
    role = f"arn:aws:iam::{PARTNER}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    assert create(KeyId=ARN, GranteePrincipal=role, Operations=["Decrypt"])["GrantId"]
    other = f"arn:aws:iam::{PARTNER}:role/builder"
    assert refusal(create, KeyId=ARN, GranteePrincipal=other, Operations=["Decrypt"])[1] == DENIED
    [grant] = kms.list_grants(KeyId=ARN)["Grants"]
    assert (grant["GranteePrincipal"], grant["Operations"]) == (role, ["Decrypt"])


@pytest.mark.parametrize("action", ["DescribeKey", "GetKeyPolicy", "PutKeyPolicy"])
def test_each_action_needs_permission(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal], action: str
) -> None:
    ec2.seed_keys({"key_id": KEY_ID, "policy": everyone("kms:*")})
    every = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"]
    without = ec2.principal("without", iam(*(one for one in every if one != f"kms:{action}")))
    only = ec2.principal("only", iam(f"kms:{action}", on=ARN))

    def call(principal: dict[str, str]) -> Callable[..., Any]:
        client = connect("kms", principal=principal)
        name = {"DescribeKey": "describe_key", "GetKeyPolicy": "get_key_policy", "PutKeyPolicy": "put_key_policy"}
        return getattr(client, name[action])  # type: ignore[no-any-return]

    more = {"Policy": json.dumps(everyone("kms:*"))} if action == "PutKeyPolicy" else {}
    call(only)(KeyId=ARN, **more)
    status, code, message = refusal(call(without), KeyId=ARN, **more)
    assert (status, code) == (400, DENIED)
    assert f"is not authorized to perform: kms:{action} on resource: {ARN} because no identity-based" in message


def test_the_policy_of_a_key_binds_its_own_account(ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal]) -> None:
    document = everyone("kms:*")
    document["Statement"] += [{**document["Statement"][0], "Effect": "Deny", "Action": "kms:GetKeyPolicy"}]
    ec2.seed_keys({"key_id": KEY_ID, "policy": document})
    assert kms.describe_key(KeyId=ARN)["KeyMetadata"]["Arn"] == ARN
    message = refusal(kms.get_key_policy, KeyId=ARN)[2]
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_images_under_a_key(ec2: LocalEC2, api: Any) -> None:
    """A seed names a key by ARN, id or alias; the image then shows it as any client reads it."""
    ec2.seed_keys({"key_id": KEY_ID, "aliases": [ALIAS]})
    for name in (ARN, KEY_ID, ALIAS):
        ec2.seed({"image_id": IMAGE, "snapshots": [{"snapshot_id": SNAPSHOT, "kms_key_id": name}]})
        [snapshot] = api.describe_snapshots(SnapshotIds=[SNAPSHOT])["Snapshots"]
        assert (snapshot["Encrypted"], snapshot["KmsKeyId"]) == (True, ARN)
        [image] = api.describe_images(ImageIds=[IMAGE])["Images"]
        assert image["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
