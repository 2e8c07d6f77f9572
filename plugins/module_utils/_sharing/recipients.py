# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.
"""Recipients: who of those that policies grant images can use the keys behind them, and who cannot.

Pure: a run is over when this is asked, or its plan is all that there will be.
"""

from __future__ import annotations

import typing as t

from .._attributes.key_policy import may_allow
from .._attributes.keys import AUTOSCALING
from .._attributes.keys import KEY_USERS
from .._attributes.keys import KEYS
from .._attributes.permissions import values_of
from .._attributes.result import failure_text
from .._attributes.subject import Subject
from .._attributes.subject import first_of
from .legs import key_users
from .legs import needed_of_keys
from .merge import merge
from .policies import REPORT
from .policies import SHARE

if t.TYPE_CHECKING:
    from .._attributes.permissions import Permissions
    from .._attributes.plan import Attributes
    from .._attributes.subject import Target
    from .merge import Names
    from .policies import Policy
    from .work import Work


class Verdict(t.NamedTuple):
    """Who of the recipients is no user of a key: who cannot use it, and of whom its policy does not tell.

    The same of Auto Scaling groups, as far as policies ask for them, of those who can use the key or may.
    """

    lacking: Permissions
    unknown: Permissions
    lacking_autoscaling: Permissions
    unknown_autoscaling: Permissions

    def as_result(self) -> dict[str, list[str]]:
        return {name: values_of(entries) for name, entries in self._asdict().items()}


def users(key: Subject) -> Permissions:
    """Return who is named by our statements, now or in a run that sends nothing as it would be."""
    held = dict(key.after.values).get(KEY_USERS) if key.after else None
    return held if isinstance(held, frozenset) else frozenset()


def verdict(work: Work, key: Subject) -> Verdict:
    """Judge the recipients of the images behind a key by its policy. Of one that could not be read, nothing is known.

    The key's own account is governed by statements of its owner.
    """
    policies, owner = _looking(work, key), KEYS.unlisted(key.described)
    missing = _granted(policies) - owner - users(key)
    lacking = _lacking(key, missing)
    missing_groups = _granted(_for_groups(policies)) - owner - lacking - _having_autoscaling(key)
    lacking_groups = _lacking(key, missing_groups, autoscaling=True)
    return Verdict(lacking, missing - lacking, lacking_groups, missing_groups - lacking_groups)


def _lacking(key: Subject, missing: Permissions, *, autoscaling: bool = False) -> Permissions:
    document = key.described.get("Policy")
    if document is None:
        return frozenset()
    return frozenset(each for each in missing if not may_allow(document, each, autoscaling=autoscaling))


def _having_autoscaling(key: Subject) -> Permissions:
    values = dict(key.after.values) if key.after else {}
    held = values[AUTOSCALING] if AUTOSCALING in values else key.current(AUTOSCALING)
    return held & users(key) if isinstance(held, frozenset) else frozenset()


def of_key(work: Work, key: Subject, presented: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a policy's result says of a key beside what its own module says, of which ``presented`` is given.

    The statements are those with which every recipient could use it, ready for the owner of the key.
    """
    found = verdict(work, key)
    more: dict[str, t.Any] = {**found.as_result()}
    if "statements" in presented:
        more.update(KEYS.more(key.described, _if_shared(work, key), key.planned))
    if key.target in work.unread_keys:
        more["unread"] = failure_text(work.unread_keys[key.target])
    return more


def warnings(work: Work, named: Names) -> list[str]:
    """Return what is worth a warning of the keys: one for all that recipients lack, one for all that others keep."""
    return [*_lacked(work, named), *_kept(work, named)]


def _lacked(work: Work, named: Names) -> t.Iterator[str]:
    """Only of policies that report: where keys are shared, what is lacking has failed, and is said to have."""
    reporting = {
        target: [each for each in _looking(work, key) if each.kms == REPORT] for target, key in work.keys.items()
    }
    verdicts = {target: verdict(work, key) for target, key in work.keys.items()}
    lacking = {target: verdicts[target].lacking & _granted(each) for target, each in reporting.items()}
    for_groups = {
        target: verdicts[target].lacking_autoscaling & _granted(_for_groups(each)) for target, each in reporting.items()
    }
    said = {
        "Not everybody who is granted encrypted images can use the keys behind them, and cannot launch the images"
        " without": on_keys(lacking, named),
        "Not everybody can create the grants on keys that their Auto Scaling groups need": on_keys(for_groups, named),
    }
    found = [f"{what}: {who}" for what, who in said.items() if who]
    if found:
        advice = "Set kms: share in the policies, or give the statements in the result to the owners of the keys"
        yield ". ".join([*found, advice])


def _kept(work: Work, named: Names) -> t.Iterator[str]:
    """Of images of which somebody shares the keys: who is taken off an image, and stays a user of its key."""
    kept: dict[Target, Permissions] = {}
    for image in work.images.values():
        shares = any(work.policies[number].kms == SHARE for number in work.spoken_of_images[image.target])
        for target in work.keys_behind.get(image.target, ()) if shares else ():
            kept[target] = kept.get(target, frozenset()) | (image.revoked & users(work.keys[target]))
    found = on_keys(kept, named)
    if found:
        yield (
            f"Policies take nobody off a key, as other images may need it, so this stays: {found}. To end that, use"
            " revoke_key_users of kms_key_sharing"
        )


def on_keys(entries: t.Mapping[Target, Permissions], named: Names) -> str:
    """Return who is meant on which key, the first of them; nothing if nobody is."""
    texts = [f"{first_of(values_of(who), named)} on {key}" for key, who in entries.items() if who]
    return first_of(texts, joint="; ")


def _looking(work: Work, key: Subject) -> list[Policy]:
    return [work.policies[number] for number in work.looking_at_keys.get(key.target, ())]


def _for_groups(policies: t.Iterable[Policy]) -> list[Policy]:
    """Return the policies that ask for Auto Scaling groups as well."""
    return [policy for policy in policies if policy.kms_autoscaling]


def _granted(policies: t.Iterable[Policy]) -> Permissions:
    nobody: Permissions = frozenset()
    return nobody.union(*(key_users(policy) for policy in policies))


def _if_shared(work: Work, key: Subject) -> Attributes:
    """Return what the key would be if all the policies shared it."""
    needed = merge(map(needed_of_keys, _looking(work, key)), [attribute.option for attribute in KEYS.attributes])
    wished = Subject(KEYS, key.target, needed, key.described, foreseen=True)
    if "Policy" not in key.described:
        return wished.hoped
    wished.make_plan(0)
    return wished.after or wished.hoped
