# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Keys: for whatever policy and wish, one write leads there, leaves the statements of others, and is done then."""

from __future__ import annotations

import json
import typing as t

from hypothesis import assume
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz

from ansible_collections.amikit.aws.plugins.module_utils._attributes import key_policy
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keys import AUTOSCALING
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keys import KEY_USERS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keys import KEYS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Asked
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedOfEntries
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target

Json = dict[str, t.Any]
OWNER = "123456789012"
ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:{OWNER}:key/{ID}"
KEY = key_policy.Key("aws", "us-east-1", OWNER, "amazonaws.com")
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"}, "Action": "kms:*", "Resource": "*"}

_USERS = [Permission("user_ids", digit * 12) for digit in "123"] + [
    Permission("org_arns", f"arn:aws:organizations::{OWNER}:organization/o-abcdefghij"),
    Permission("org_unit_arns", f"arn:aws:organizations::{OWNER}:ou/o-abcdefghij/ou-ab12-teamteam"),
]
some_users = st.frozensets(st.sampled_from(_USERS))


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return a policy: with users, some of whom have Auto Scaling, perhaps with a statement of ours that is odd."""
    users = draw(some_users)
    autoscaling = users & draw(some_users)
    others = [
        {**ROOT, "Sid": draw(st.text(max_size=5))},
        *([{**ROOT, "Sid": "AmikitSharingOld"}] if draw(st.booleans()) else []),
    ]
    theirs = json.dumps({"Version": "2012-10-17", "Statement": others})
    made = key_policy.statements(KEY, users, autoscaling)
    return json.dumps({**json.loads(theirs), "Statement": [*others, *made]})


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Asked, ...]:
    grant = draw(some_users)
    purge = draw(st.booleans())
    entries = AskedPermissions(KEY_USERS, grant, draw(some_users) - grant, purge)
    some = draw(some_users)
    kinds = (
        None,
        AskedOfEntries(AUTOSCALING, entries),
        AskedOfEntries(AUTOSCALING, entries, AskedPermissions(AUTOSCALING, some, draw(some_users) - some, purge)),
    )
    of_entries = draw(st.sampled_from(kinds))
    return (entries, of_entries) if of_entries else (entries,)


def described(document: str) -> Json:
    return {
        "KeyId": ID,
        "Arn": ARN,
        "OwnerId": OWNER,
        "State": "Enabled",
        "Suffix": "amazonaws.com",
        "Policy": document,
    }


def planned(document: str, asked: tuple[Asked, ...]) -> Subject:
    subject = Subject(KEYS, Target("us-east-1", ID), asked, described(document))
    subject.make_plan(0)
    return subject


def theirs(document: str) -> list[Json]:
    return [each for each in json.loads(document)["Statement"] if not each["Sid"].startswith(key_policy.SID)]


@given(documents(), wishes())
@fuzz(200)
def test_one_write_leads_to_what_was_planned(document: str, asked: tuple[Asked, ...]) -> None:
    subject = planned(document, asked)
    assert subject.plan
    assert KEYS.document
    users = dict(subject.plan.after.values)[KEY_USERS]
    # With an odd statement left, the plan is refused, unless it changes nothing.
    assume(isinstance(users, frozenset) and all(entry.kind != "odd_statements" for entry in users))
    call = KEYS.document.write(ID, KEYS.document.replaced(subject.described, subject.plan.after))
    assert set(call.arguments) == {"KeyId", "PolicyName", "Policy"}
    written = call.arguments["Policy"]
    again = planned(written, asked)
    assert again.plan
    assert not again.plan.changed
    assert again.plan.before == subject.plan.after
    assert json.dumps(theirs(written)) == json.dumps(theirs(document))


@given(documents(), wishes())
@fuzz(200)
def test_auto_scaling_that_is_not_asked_about_stays(document: str, asked: tuple[Asked, ...]) -> None:
    assume(len(asked) == 1)
    subject = planned(document, asked)
    assert subject.plan
    assert KEYS.document
    written = KEYS.document.replaced(subject.described, subject.plan.after)["Policy"]
    before, after = key_policy.read(document, KEY), key_policy.read(written, KEY)
    assert after.autoscaling == before.autoscaling & after.users


def test_lines_of_a_diff_are_the_leaves_of_our_statements() -> None:
    users = frozenset(_USERS[:1])
    document = json.dumps({"Statement": key_policy.statements(KEY, users, frozenset())})
    subject = planned(document, (AskedPermissions(KEY_USERS),))
    assert subject.plan
    assert KEYS.document
    lines = KEYS.document.lines(subject.described, subject.plan.after)
    assert lines[:3] == [
        "AmikitSharingAccountsUse.Effect: Allow",
        "AmikitSharingAccountsUse.Principal.AWS: *",
        "AmikitSharingAccountsUse.Action: kms:Decrypt",
    ]
