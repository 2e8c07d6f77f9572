# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who gets in by a key policy: every way in and every way past it, and the forms of conditions that look right."""

from __future__ import annotations

from typing import Any

import pytest

from local_ec2.services.judge import Caller
from local_ec2.services.judge import Grant
from local_ec2.services.judge import allows
from local_ec2.services.judge import effects

OWNER, PARTNER, STRANGER = "123456789012", "210987654321", "999999999999"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EC2, RDS = "ec2.us-east-1.amazonaws.com", "rds.us-east-1.amazonaws.com"
ORGANIZATION, UNIT = "o-abcde12345", "o-abcde12345/r-ab12/ou-ab12-11111111/"
SERVICE_ROLES = "arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/*"
SERVICE_ROLE = f"arn:aws:iam::{PARTNER}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
DECRYPT, GRANT = "kms:Decrypt", "kms:CreateGrant"
Json = dict[str, Any]


def allow(*actions: str, who: Any = "*", **condition: Any) -> Json:
    """A statement for everyone to whom the condition applies. ``ForAnyValue_StringLike`` is written with its colon."""
    named = {operator.replace("_", ":"): keys for operator, keys in condition.items()}
    statement = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": list(actions), "Resource": "*"}
    return {**statement, "Condition": named} if named else statement


def deny(*actions: str, **rest: Any) -> Json:
    return {**allow(*actions, **rest), "Effect": "Deny"}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def gets_in(document: Json, caller: Caller, action: str = DECRYPT, grant: Grant | None = None) -> bool:
    return allows(document, KEY, caller, action, grant)


DEFAULT = allow("kms:*", who=f"arn:aws:iam::{OWNER}:root")
BY_EC2 = {"kms:ViaService": EC2}
ACCOUNTS = allow(
    DECRYPT,
    StringEquals={"kms:CallerAccount": [PARTNER], **BY_EC2},
    StringNotEquals={"aws:PrincipalAccount": OWNER},
)
IN_ORGANIZATION = allow(DECRYPT, StringEquals={"aws:PrincipalOrgID": ORGANIZATION})
IN_UNIT = allow(DECRYPT, ForAnyValue_StringLike={"aws:PrincipalOrgPaths": "o-abcde12345/*/ou-ab12-11111111/*"})


@pytest.mark.parametrize(
    ("caller", "inside"),
    [
        (Caller(PARTNER, via=EC2), True),
        (Caller(PARTNER, f"arn:aws:iam::{PARTNER}:role/builder", via=EC2), True),
        (Caller(PARTNER), False),
        (Caller(PARTNER, via=RDS), False),
        (Caller(PARTNER, via="ec2.eu-west-1.amazonaws.com"), False),
        (Caller(STRANGER, via=EC2), False),
        (Caller(OWNER, via=EC2), False),
    ],
)
def test_accounts_by_a_condition(caller: Caller, inside: bool) -> None:
    assert gets_in(policy(ACCOUNTS), caller) is inside
    assert not gets_in(policy(ACCOUNTS), caller, "kms:ScheduleKeyDeletion")


def test_the_owner_gets_in_by_its_own_statement() -> None:
    both = policy(DEFAULT, ACCOUNTS)
    assert gets_in(both, Caller(OWNER))
    assert gets_in(both, Caller(PARTNER, via=EC2))
    assert not gets_in(both, Caller(STRANGER))


@pytest.mark.parametrize(
    ("path", "organization", "unit"),
    [
        ("", False, False),
        ("o-other12345/r-ab12/ou-ab12-11111111/", False, False),
        (f"{ORGANIZATION}/r-ab12/", True, False),
        (f"{ORGANIZATION}/r-ab12/ou-ab12-22222222/", True, False),
        (f"{ORGANIZATION}/r-ab12/ou-ab12-111111119/", True, False),
        (UNIT, True, True),
        (f"{UNIT}ou-ab12-33333333/", True, True),
        (f"{ORGANIZATION}/r-ab12/ou-ab12-44444444/ou-ab12-11111111/", True, True),
    ],
)
def test_organizations_and_units_by_a_condition(path: str, organization: bool, unit: bool) -> None:
    caller = Caller(STRANGER, organization_path=path)
    assert gets_in(policy(IN_ORGANIZATION), caller) is organization
    assert gets_in(policy(IN_UNIT), caller) is unit


@pytest.mark.parametrize("condition", ["StringEqualsIfExists", "ForAllValues_StringEquals", "StringNotEquals"])
def test_a_form_that_lets_in_whoever_is_in_no_organization(condition: str) -> None:
    keys = {"aws:PrincipalOrgID": "o-other12345" if condition == "StringNotEquals" else ORGANIZATION}
    assert gets_in(policy(allow(DECRYPT, **{condition: keys})), Caller(STRANGER))


def test_a_direct_caller_passes_a_service_that_is_not_asked_for_strictly() -> None:
    assert gets_in(policy(allow(DECRYPT, StringEqualsIfExists=BY_EC2)), Caller(STRANGER))
    assert not gets_in(policy(allow(DECRYPT, StringEquals=BY_EC2)), Caller(STRANGER))


@pytest.mark.parametrize(
    ("caller", "grant", "inside"),
    [
        (Caller(PARTNER, via=EC2), None, True),
        (Caller(PARTNER, via=RDS), None, False),
        (Caller(PARTNER), None, False),
        (Caller(PARTNER), Grant(for_aws_resource=True), False),
        (Caller(PARTNER, via=EC2), Grant(for_aws_resource=False), False),
    ],
)
def test_grants_for_resources(caller: Caller, grant: Grant | None, inside: bool) -> None:
    resources = allow(GRANT, StringEquals=BY_EC2, Bool={"kms:GrantIsForAWSResource": True})
    assert gets_in(policy(resources), caller, GRANT, grant) is inside


@pytest.mark.parametrize(
    ("grantee", "inside"), [(SERVICE_ROLE, True), (f"arn:aws:iam::{PARTNER}:role/builder", False), ("", False)]
)
def test_grants_for_a_grantee(grantee: str, inside: bool) -> None:
    grants = allow(GRANT, StringLike={"kms:GranteePrincipal": SERVICE_ROLES})
    assert gets_in(policy(grants), Caller(PARTNER), GRANT, Grant(grantee)) is inside


def test_what_is_asked_of_grants_is_known_of_no_other_action() -> None:
    grants = allow("kms:*", Bool={"kms:GrantIsForAWSResource": False})
    assert gets_in(policy(grants), Caller(PARTNER), GRANT)
    assert not gets_in(policy(grants), Caller(PARTNER))


def test_a_denial_wins_wherever_it_stands() -> None:
    denial = deny(DECRYPT, StringNotEquals={"aws:PrincipalOrgID": ORGANIZATION})
    for document in (policy(DEFAULT, denial), policy(denial, DEFAULT)):
        assert not gets_in(document, Caller(OWNER))
        assert gets_in(document, Caller(OWNER, organization_path=UNIT))
        assert gets_in(document, Caller(OWNER), "kms:DescribeKey")
    assert effects(policy(DEFAULT, denial), KEY, Caller(OWNER), DECRYPT) == {"Allow", "Deny"}


@pytest.mark.parametrize(
    ("statement", "inside"),
    [
        (allow(DECRYPT, who=PARTNER), True),
        (allow(DECRYPT, who=[STRANGER, f"arn:aws:iam::{PARTNER}:root"]), True),
        (allow(DECRYPT, who=f"arn:aws:iam::{PARTNER}:role/builder"), True),
        (allow(DECRYPT, who=f"arn:aws:iam::{PARTNER}:role/other"), False),
        (allow(DECRYPT, who=STRANGER), False),
        (allow(DECRYPT, who=[]), False),
        ({**allow(DECRYPT), "Principal": "*"}, True),
        ({**allow(DECRYPT), "Principal": {"Service": "ec2.amazonaws.com"}}, False),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": STRANGER}, "Action": "*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": PARTNER}, "Action": "*", "Resource": "*"}, False),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, False),
        (allow("KMS:decrypt"), True),
        (allow("kms:De*"), True),
        (allow("kms:Describe*"), False),
        ({"Effect": "Allow", "Principal": "*", "NotAction": "kms:Put*", "Resource": "*"}, True),
        ({"Effect": "Allow", "Principal": "*", "NotAction": "kms:Decrypt", "Resource": "*"}, False),
        ({"Effect": "Allow", "Principal": "*", "Resource": "*"}, False),
        ({"Effect": "Allow", "Principal": "*", "Action": "*"}, False),
        ({**allow(DECRYPT), "Resource": KEY}, True),
        ({**allow(DECRYPT), "Resource": [KEY[:-1]]}, False),
    ],
)
def test_what_a_statement_covers(statement: Json, inside: bool) -> None:
    caller = Caller(PARTNER, f"arn:aws:iam::{PARTNER}:role/builder")
    assert gets_in(policy(statement), caller) is inside
    assert gets_in({"Statement": statement}, caller) is inside


def test_nothing_is_allowed_by_nothing() -> None:
    assert effects({"Version": "2012-10-17"}, KEY, Caller(OWNER), DECRYPT) == set()
