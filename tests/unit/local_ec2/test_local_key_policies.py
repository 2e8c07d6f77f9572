# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading and writing key policies: what is refused, how the rest is shown, and the switches for both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from unit.local_ec2.support import Connect
from unit.local_ec2.support import Refusal

from local_ec2.client import LocalEC2
from local_ec2.client import LocalEC2Error
from local_ec2.steering.faults import bucket_of

OWNER, PARTNER, THIRD = "123456789012", "210987654321", "333333333333"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:{OWNER}:key/{KEY_ID}"
MALFORMED = "MalformedPolicyDocumentException"
INVALID_PRINCIPALS = (400, MALFORMED, "Policy contains a statement with one or more invalid principals.")
LOCKED_OUT = (400, MALFORMED, "The new key policy will not allow you to update the key policy in the future.")
CHARACTERS = '1 validation error detected: Value \'{"Version"'
Json = dict[str, Any]


@pytest.fixture
def kms(ec2: LocalEC2, connect: Connect) -> Any:
    """boto3's KMS client, and a key with the default policy."""
    ec2.seed_keys({"key_id": KEY_ID, "aliases": ["alias/golden"]})
    return connect("kms")


def root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def statement(who: Any, **more: Any) -> Json:
    return {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "kms:*", "Resource": "*", **more}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": [statement(root(OWNER)), *statements]}


def put(kms: Any, document: Json, **more: Any) -> None:
    kms.put_key_policy(KeyId=KEY_ID, Policy=json.dumps(document), **more)


def read(kms: Any) -> Json:
    shown: Json = json.loads(kms.get_key_policy(KeyId=KEY_ID)["Policy"])
    return shown


def principals(document: Json) -> list[Any]:
    return [one["Principal"]["AWS"] for one in document["Statement"][1:]]


def truth(ec2: LocalEC2) -> Json:
    key = ec2.key(ARN)
    assert key is not None
    shown: Json = key["policy"]
    return shown


def test_what_is_written_is_read(kms: Any) -> None:
    document = policy(
        statement("*", Sid="Here and there", Condition={"StringEquals": {"kms:CallerAccount": [PARTNER]}})
    )
    put(kms, document)
    assert read(kms) == document
    assert list(read(kms)["Statement"][1]) == list(document["Statement"][1])
    single = {"Version": "2012-10-17", "Statement": statement("*")}
    put(kms, single)
    assert read(kms) == single


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ("not a policy", MALFORMED, ""),
        ("[]", MALFORMED, ""),
        ('{"Version": "2012-10-17"}', MALFORMED, ""),
        ('{"Statement": ["x"]}', MALFORMED, ""),
        (policy(statement(root(PARTNER), Effect="Maybe")), MALFORMED, "The request was rejected because the specified"),
        (policy(statement(root(PARTNER), Resource=[])), MALFORMED, "The request was rejected because the specified"),
        (policy({"Effect": "Allow", "Principal": "*", "Resource": "*"}), MALFORMED, "The request was rejected because"),
        (policy({"Effect": "Allow", "Principal": "*", "Action": "*"}), MALFORMED, "The request was rejected because"),
        (policy({"Effect": "Allow", "Action": "*", "Resource": "*"}), MALFORMED, "Policy contains a statement with no"),
        (policy(statement("somebody")), *INVALID_PRINCIPALS[1:]),
        (policy(statement([PARTNER, f"arn:aws:iam::{PARTNER}:role/missing"])), *INVALID_PRINCIPALS[1:]),
        (policy(statement("AROAEXAMPLE1234567890")), *INVALID_PRINCIPALS[1:]),
        (policy(statement("arn:aws:iam::x:root")), "InvalidArnException", "An ARN in the specified key policy is inv"),
        ({"Statement": []}, *LOCKED_OUT[1:]),
        ({"Statement": [statement(root(PARTNER))]}, *LOCKED_OUT[1:]),
        (policy(statement("*", Effect="Deny", Action="kms:Put*")), *LOCKED_OUT[1:]),
        (json.dumps(policy(statement("*", Sid="10 €")), ensure_ascii=False), "ValidationException", CHARACTERS),
        (json.dumps(policy(statement("*", Sid="x"))).replace("x", "\u0001"), "ValidationException", CHARACTERS),
        (policy(statement("*", Sid="x" * 32768)), "LimitExceededException", "The request was rejected because a leng"),
    ],
)
def test_what_is_refused_changes_nothing(
    ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal], document: Any, code: str, message: str
) -> None:
    before = truth(ec2)
    text = document if isinstance(document, str) else json.dumps(document)
    status, told, words = refusal(kms.put_key_policy, KeyId=KEY_ID, Policy=text)
    assert (status, told, words[: len(message)]) == (400, code, message)
    assert (words == "") is (message == "")
    assert truth(ec2) == before
    assert refusal(kms.create_key, Policy=text)[1:] == (told, words)
    primary = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    assert refusal(kms.replicate_key, KeyId=primary, ReplicaRegion="eu-west-1", Policy=text)[1:] == (told, words)


def test_a_character_that_is_escaped_is_taken(kms: Any) -> None:
    """The pattern is that of the text, and not of the values in it."""
    document = policy(statement("*", Sid="10 € and é"))
    put(kms, document)
    assert read(kms) == document
    kms.put_key_policy(KeyId=KEY_ID, Policy=json.dumps(policy(statement("*", Sid="é")), ensure_ascii=False))
    assert read(kms)["Statement"][-1]["Sid"] == "é"


def test_the_limit_is_one_of_bytes(kms: Any, refusal: Callable[..., Refusal]) -> None:
    fill = 32768 - len(json.dumps(policy(statement("*", Sid=""))))
    put(kms, policy(statement("*", Sid="x" * fill)))
    assert refusal(put, kms=kms, document=policy(statement("*", Sid="x" * (fill + 1))))[1] == "LimitExceededException"
    text = json.dumps(policy(statement("*", Sid="x" * (fill - 1) + "é")), ensure_ascii=False)
    assert refusal(kms.put_key_policy, KeyId=KEY_ID, Policy=text)[1] == "LimitExceededException"


def test_the_lock_out_check_can_be_bypassed(kms: Any, refusal: Callable[..., Refusal]) -> None:
    put(kms, {"Statement": [statement(root(PARTNER))]}, BypassPolicyLockoutSafetyCheck=True)
    assert refusal(kms.get_key_policy, KeyId=KEY_ID)[1] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("alias/golden", "NotFoundException", "Invalid keyId alias/golden"),
        (
            f"arn:aws:kms:us-east-1:{OWNER}:alias/golden",
            "InvalidArnException",
            "Key Aliases are not supported for this operation",
        ),
        (ARN[:-1] + "0", "NotFoundException", f"Key '{ARN[:-1]}0' does not exist"),
    ],
)
def test_policies_are_of_keys_not_of_aliases(
    kms: Any, refusal: Callable[..., Refusal], name: str, code: str, message: str
) -> None:
    assert refusal(kms.get_key_policy, KeyId=name) == (400, code, message)
    assert refusal(kms.put_key_policy, KeyId=name, Policy=json.dumps(policy())) == (400, code, message)
    assert kms.get_key_policy(KeyId=ARN)["PolicyName"] == "default"


def test_the_policy_of_ram(kms: Any, refusal: Callable[..., Refusal]) -> None:
    assert refusal(kms.get_key_policy, KeyId=KEY_ID, PolicyName="AWS_RAM")[1] == "NotFoundException"
    of_ram = {"KeyId": KEY_ID, "PolicyName": "AWS_RAM", "Policy": json.dumps(policy())}
    assert refusal(kms.put_key_policy, **of_ram)[1] == "ValidationException"


def test_principals_are_shown_as_kms_does(kms: Any) -> None:
    put(kms, policy(statement(PARTNER), statement([PARTNER]), statement(["*"]), {**statement("*"), "Principal": "*"}))
    shown = read(kms)
    assert [one["Principal"] for one in shown["Statement"][1:]] == [
        {"AWS": root(PARTNER)},
        {"AWS": root(PARTNER)},
        {"AWS": "*"},
        "*",
    ]


def test_the_order_of_principals_is_not_kept(kms: Any) -> None:
    put(kms, policy(statement([PARTNER, THIRD])))
    assert principals(read(kms)) == [[root(THIRD), root(PARTNER)]]


def test_lists_of_one_outside_principals(ec2: LocalEC2, kms: Any) -> None:
    one = statement("*", Action=["kms:Decrypt"], Condition={"StringEquals": {"kms:CallerAccount": [PARTNER]}})
    put(kms, policy(one))
    assert read(kms) == policy(one)
    ec2.switch(collapse_policy_lists=True)
    text = statement("*", Action="kms:Decrypt", Condition={"StringEquals": {"kms:CallerAccount": PARTNER}})
    assert read(kms) == policy(text)


def test_an_account_that_does_not_exist(ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal]) -> None:
    ec2.switch(unknown_accounts=[PARTNER])
    for name in (PARTNER, root(PARTNER)):
        assert refusal(put, kms=kms, document=policy(statement([THIRD, name]))) == INVALID_PRINCIPALS
    by_condition = {"StringEquals": {"kms:CallerAccount": [PARTNER]}}
    put(kms, policy(statement("*", Condition=by_condition)))


@pytest.mark.parametrize("again", [False, True])
def test_a_deleted_role_is_shown_as_its_id_and_refused(
    ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal], again: bool
) -> None:
    """Also if there is a new one of its name, whose id is another."""
    role = ec2.role("builder", PARTNER)
    put(kms, policy(statement(role)))
    assert principals(read(kms)) == [role]
    ec2.delete_role(role)
    if again:
        assert ec2.role("builder", PARTNER) == role
    [shown] = principals(read(kms))
    assert shown.startswith("AROA")
    assert refusal(put, kms=kms, document=read(kms)) == INVALID_PRINCIPALS


def test_the_id_of_a_role_that_exists_is_taken(ec2: LocalEC2, kms: Any) -> None:
    user = ec2.principal("somebody", policy())["arn"]
    ec2.switch(iam=False)
    put(kms, policy(statement(user)))
    assert principals(read(kms)) == [user]
    put(kms, read(kms))
    assert principals(truth(ec2)) == [user]


def test_a_broken_statement_of_somebody_else(ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal]) -> None:
    broken = policy(statement("AROAEXAMPLE1234567890"), {"Effect": "Allow", "Principal": "*", "Resource": "*"})
    [key] = ec2.seed_keys({"policy": broken})
    text = kms.get_key_policy(KeyId=key["arn"])["Policy"]
    assert json.loads(text) == broken
    assert refusal(kms.put_key_policy, KeyId=key["arn"], Policy=text)[1] == MALFORMED


def test_only_a_caller_whom_it_names_may_write_it(
    ec2: LocalEC2, connect: Connect, refusal: Callable[..., Refusal]
) -> None:
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    writer, other = (ec2.principal(name, allow) for name in ("writer", "other"))
    only = {"Version": "2012-10-17", "Statement": [statement(writer["arn"])]}
    ec2.seed_keys({"key_id": KEY_ID, "policy": only})
    put(connect("kms", principal=writer), only)
    denied = refusal(put, kms=connect("kms", principal=other), document=only)
    assert denied[1] == "AccessDeniedException"
    out = {"Version": "2012-10-17", "Statement": [statement(other["arn"])]}
    assert refusal(put, kms=connect("kms", principal=writer), document=out) == LOCKED_OUT


def test_reads_lag_by_seconds(ec2: LocalEC2, kms: Any) -> None:
    before = read(kms)
    ec2.switch(read_lag=1.5)
    put(kms, policy(statement(root(PARTNER))))
    assert read(kms) == before
    assert truth(ec2) == policy(statement(root(PARTNER)))
    time.sleep(1.5)
    assert read(kms) == truth(ec2)


def test_reads_lag_by_answers(ec2: LocalEC2, kms: Any) -> None:
    before = read(kms)
    ec2.switch(policy_lag_reads=2)
    put(kms, policy(statement(root(PARTNER))))
    assert [read(kms) == before for _number in range(4)] == [True, True, False, False]
    assert read(kms) == truth(ec2)


def test_somebody_else_writes_between_a_read_and_a_write(ec2: LocalEC2, kms: Any) -> None:
    theirs = policy(statement(root(THIRD), Sid="theirs"))
    ec2.switch(mid_run={ARN: {"reads": 2, "policy": theirs}})
    before = read(kms)
    assert (read(kms), truth(ec2)) == (before, theirs)
    put(kms, policy())
    assert read(kms) == policy()
    for wrong in ({"reads": 0, "policy": theirs}, {"policy": "x"}, {}):
        with pytest.raises(LocalEC2Error):
            ec2.switch(mid_run={ARN: wrong})


def test_an_error_of_one_key(ec2: LocalEC2, kms: Any, refusal: Callable[..., Refusal]) -> None:
    fault = {"code": "KMSInternalException", "message": "later", "status": 500, "action": "PutKeyPolicy", "times": 1}
    ec2.switch(errors_of={ARN: fault})
    assert "Statement" in read(kms)
    assert refusal(put, kms=kms, document=policy()) == (500, "KMSInternalException", "later")
    put(kms, policy())


def test_writing_has_a_smaller_bucket_than_reading() -> None:
    assert bucket_of("PutKeyPolicy") < bucket_of("GetKeyPolicy")


def test_the_record_names_the_key_and_holds_the_policy(ec2: LocalEC2, kms: Any) -> None:
    put(kms, policy())
    [entry] = ec2.requests("PutKeyPolicy")
    assert entry["parameters"]["KeyId"] == KEY_ID
    assert json.loads(entry["parameters"]["Policy"]) == policy()
