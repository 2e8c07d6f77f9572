# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Undoing: from an entry of a backup to what is asked of its resource, and why the rest is left out.

What cannot be undone, and what EC2 would refuse, is left out, so that it holds back nothing else.
"""

from __future__ import annotations

import datetime
import math
import typing as t

from .._attributes import dates
from .._attributes.backup import TIME
from .._attributes.backup import Backup
from .._attributes.backup import Entry
from .._attributes.options import shown
from .._attributes.permissions import EVERYONE
from .._attributes.plan import AskedDate
from .._attributes.plan import AskedOfEntries
from .._attributes.plan import AskedPermissions
from .._attributes.plan import AskedTags
from .._attributes.plan import AskedText
from .._attributes.plan import Failure
from .._attributes.resource import Surroundings
from .._attributes.resource import becomes_public

if t.TYPE_CHECKING:
    from .._attributes.attribute import Attribute
    from .._attributes.attribute import Tags
    from .._attributes.attribute import Value
    from .._attributes.permissions import Permissions
    from .._attributes.plan import Asked
    from .._attributes.plan import Plan
    from .._attributes.subject import Subject
    from .._attributes.subject import Target

# A code of our own, not EC2's: no request undoes the change.
CANNOT_BE_UNDONE = "CannotBeUndone"


def asked_of_lists(entry: Entry, *, exact: bool) -> t.Iterator[Asked]:
    """Yield what is asked of lists, and of what their entries have besides.

    Whoever comes off a list loses that too, so it is asked for: the backup of this restoration has it then.
    """
    lists = _lists(entry, exact=exact)
    asked = {attribute: each for attribute, each in lists.items() if each.grant or each.revoke or each.purge}
    if not lists and any(before is False for _attribute, before in entry.before.values):
        # Disabling the image again cuts off everyone who can launch it by now, so that has to be read.
        yield AskedPermissions(entry.resource.permissions)
    for attribute in entry.resource.attributes:
        if attribute.of is None:
            yield from [asked[attribute]] if attribute in asked else ()
            continue
        of = lists.get(attribute.of, AskedPermissions(attribute.of))
        if attribute in asked or of.revoke or of.purge:
            yield from () if attribute.of in asked else [of]
            yield AskedOfEntries(attribute, of, lists.get(attribute, AskedPermissions(attribute)))


def _lists(entry: Entry, *, exact: bool) -> dict[Attribute, AskedPermissions]:
    return {
        attribute: AskedPermissions(attribute, before, purge=True)
        if exact
        else AskedPermissions(attribute, before - after, after - before)
        for (attribute, before), (_same, after) in zip(entry.before.values, entry.after.values)
        if isinstance(before, frozenset) and isinstance(after, frozenset)
    }


def ask_for_the_rest(entry: Entry, subject: Subject, made: float, now: float, *, exact: bool) -> t.Iterator[str]:
    """Plan to undo all that can be undone on one resource, and yield why the rest cannot. ``made`` is the backup's."""
    changed, odd = _changed_others(entry, subject, made, now, exact=exact), _odd_grants(subject)
    unset = [attribute.option for attribute, value in changed.items() if not (attribute.clears or value)]
    passed = [attribute.option for attribute, value in changed.items() if _has_passed(attribute, value, now)]
    lists = [asked.but_for(odd) for asked in subject.asked if isinstance(asked, (AskedPermissions, AskedOfEntries))]
    others = [_wish(*pair) for pair in changed.items() if pair[0].option not in (*unset, *passed)]
    refused = _refused(subject, lists, others, now)
    others = [wish for wish in others if wish.attribute.option not in refused]
    order = [attribute.option for attribute in entry.resource.attributes]
    subject.asked = tuple(sorted([*others, *lists], key=lambda wish: order.index(wish.attribute.option)))
    subject.make_plan(now)
    yield from _reasons(subject.resource.service, unset, passed, odd)
    yield from refused.values()


def _refused(subject: Subject, lists: t.Sequence[Asked], others: t.Sequence[Asked], now: float) -> dict[str, str]:
    """Return the options of the other wishes that EC2 would refuse as things are now, and why.

    What it refuses only for an image that becomes public is not among them: everyone is left out first.
    """
    refused: dict[str, str] = {}
    for wish in others:
        subject.asked = (*lists, wish)
        subject.make_plan(now)
        plan = t.cast("Plan", subject.plan)
        if not becomes_public(plan):
            surroundings = Surroundings(now=dates.at(now))
            refusals = [each for rule in subject.resource.rules for each in rule(plan, subject.described, surroundings)]
            if refusals:
                refused[wish.attribute.option] = "; ".join(each.message for each in refusals)
    return refused


def _has_passed(attribute: Attribute, value: Value, now: float) -> bool:
    """Tell whether it is a date that EC2 no longer accepts."""
    moment = dates.minute(value) if attribute.dated else None
    return moment is not None and moment <= dates.at(now)


def _wish(attribute: Attribute, value: Value) -> Asked:
    if isinstance(value, tuple):
        return AskedTags(attribute, value, purge=True)
    text = value if isinstance(value, str) else ""
    date = dates.parse(text) if attribute.dated else None
    if date:
        return AskedDate(attribute, text, date)
    return AskedText(attribute, value if isinstance(value, bool) else text)


def _reasons(service: str, unset: t.Sequence[str], passed: t.Sequence[str], odd: Permissions) -> t.Iterator[str]:
    if unset:
        yield f"{' and '.join(unset)} had no value before, and {service} cannot clear what has one"
    if passed:
        yield f"{' and '.join(passed)} was a time that has passed, and {service} accepts none in the past"
    if odd:
        entries = ", ".join(f"{shown(entry.value)} in {entry.kind}" for entry in sorted(odd))
        yield f"{service} had {entries}, and does not accept that again"


def _odd_grants(subject: Subject) -> Permissions:
    """Return the entries to be granted that no task could name. EC2 refuses the whole request for one of them."""
    problem = {kind.option: kind.problem for kind in (*subject.resource.kinds, *subject.resource.permissions.found)}
    granted = subject.plan.granted if subject.plan else frozenset()
    return frozenset(entry for entry in granted if problem[entry.kind](entry.value))


def _changed_others(entry: Entry, subject: Subject, made: float, time: float, *, exact: bool) -> dict[Attribute, Value]:
    """Return the attributes other than permissions that have to change, and their new values.

    Unless ``exact``, a value that is not the one the run set was set by somebody else since, and stays.
    """
    changed: dict[Attribute, Value] = {}
    for (attribute, before), (_same, after) in zip(entry.before.values, entry.after.values):
        if attribute.kinds or attribute.of:
            continue
        now = subject.current(attribute)
        if attribute.has_tags and not exact:
            wanted: Value = _tags_taken_back(*(dict(t.cast("Tags", each)) for each in (before, after, now)))
        else:
            mine = attribute.is_same(now, after) or (attribute.dated and _is_of_an_age(after, now, made, time))
            wanted = before if exact or mine else now
        if not attribute.is_same(now, wanted):
            changed[attribute] = wanted
    return changed


def _is_of_an_age(after: Value, held: Value, made: float, time: float) -> bool:
    """Tell whether the run set that date for an age that had passed: not what it planned, but when it was sent."""
    planned, became = dates.shown_moment(after), dates.shown_moment(held)
    if planned is None or became is None or not math.isfinite(made):
        return False
    return planned <= dates.next_minute(dates.at(made)) and planned <= became <= dates.next_minute(dates.at(time))


def _tags_taken_back(before: dict[str, str], after: dict[str, str], now: dict[str, str]) -> Tags:
    """Return the current tags, with those set back that the run changed and nobody else has changed since."""
    mine = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key) == now.get(key)}
    kept = {key: value for key, value in now.items() if key not in mine}
    return tuple(sorted({**kept, **{key: before[key] for key in mine & before.keys()}}.items()))


def age_of(backup: Backup, now: float) -> float:
    """Return how many seconds ago the backup was made; infinity if its time is not valid."""
    try:
        made = datetime.datetime.strptime(backup.made, TIME).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return math.inf
    return now - made.timestamp()


def may_be_late(entry: Entry, subject: Subject) -> bool:
    """Tell whether a text is still the one from before the run, which EC2 may show after it has changed."""
    pairs = zip(entry.before.values, entry.after.values)
    changing = [(attribute, was) for (attribute, was), (_same, becomes) in pairs if was != becomes]
    texts = [(attribute, was) for attribute, was in changing if not (attribute.kinds or attribute.of)]
    return not subject.failure and any(subject.current(attribute) == was for attribute, was in texts)


# What EC2 would refuse


def _to_everyone(plan: Plan) -> Permissions:
    return plan.granted & {EVERYONE}


def _granted(plan: Plan) -> Permissions:
    return plan.granted


# Which entries are taken out of a plan that EC2 would refuse, until it accepts the rest.
TAKEN_OUT: tuple[t.Callable[[Plan], Permissions], ...] = (_to_everyone, _granted)


def take_out(subject: Subject, entries: t.Callable[[Plan], Permissions], reasons: dict[Target, Failure]) -> None:
    """Stop asking for these entries, and keep the failure as the reason."""
    if subject.plan and subject.failure:
        reasons.setdefault(subject.target, subject.failure)
        taken = entries(subject.plan)
        subject.asked = tuple(
            asked.but_for(taken) if isinstance(asked, (AskedPermissions, AskedOfEntries)) else asked
            for asked in subject.asked
        )
        subject.failure = None


def is_narrowed_for_state(subject: Subject, reasons: dict[Target, Failure]) -> bool:
    """Ask only for what can be changed whatever state the resource is in, if that is why it fails; tell whether so."""
    left = tuple(asked for asked in subject.asked if asked.attribute.any_state)
    if not left or subject.failure is None or subject.failure.code != subject.resource.state_code:
        return False
    reasons.setdefault(subject.target, subject.failure)
    subject.asked, subject.failure = left, None
    return True
