# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""kms_key of amazon.aws against the local KMS: a client that knows nothing of this project."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local_ec2.client import LocalEC2

OWNER = "123456789012"
Json = dict[str, Any]
Kms = Callable[..., Json]


@pytest.fixture
def kms_key(ec2: LocalEC2, run_module: Callable[..., Json]) -> Kms:
    """Run the module on one key."""

    def run(**options: Any) -> Json:
        return run_module("kms_key", collection="amazon.aws", alias="golden", region="us-east-1", **options)

    return run


def policy(*accounts: str) -> Json:
    roots = [f"arn:aws:iam::{account}:root" for account in (OWNER, *accounts)]
    statements = [{"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"} for root in roots]
    return {"Version": "2012-10-17", "Statement": statements}


def test_a_key_is_made_changed_and_left_alone(ec2: LocalEC2, kms_key: Kms) -> None:
    made = kms_key(policy=json.dumps(policy()))
    assert made["changed"], made
    for accounts, changed in (((), False), (("210987654321",), True), (("210987654321",), False)):
        assert kms_key(policy=json.dumps(policy(*accounts)))["changed"] is changed
        assert (ec2.key(made["key_arn"]) or {})["policy"] == policy(*accounts)


def test_a_policy_that_is_refused(ec2: LocalEC2, kms_key: Kms) -> None:
    [key] = ec2.seed_keys({"aliases": ["alias/golden"], "policy": policy()})
    ec2.switch(unknown_accounts=["210987654321"])
    refused = kms_key(policy=json.dumps(policy("210987654321")))
    assert "MalformedPolicyDocumentException" in refused["msg"]
    assert (ec2.key(key["arn"]) or {})["policy"] == policy()
