# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Backup: what a run is about to change, as text from which it can be undone, and the parsing of that text.

Pure: the text is written to disk in keeping.py.
"""

from __future__ import annotations

import json
import re
import typing as t

from . import dates
from .options import id_problem
from .options import region_problems
from .options import shown
from .permissions import Permission
from .plan import Attributes
from .plan import as_option
from .subject import Target

if t.TYPE_CHECKING:
    from .attribute import Attribute
    from .attribute import Tags
    from .attribute import Value
    from .permissions import Permissions
    from .resource import Resource
    from .subject import Subject

_VERSION = 1
_MARK = "amikit_backup"
TIME = "%Y-%m-%dT%H:%M:%SZ"  # of strftime(), in UTC
# It becomes part of a file's name when the backup is set aside.
_MADE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class NotABackupError(ValueError):
    """The text is not a backup, or is one of another version of the collection; the message says what is wrong."""


class NotKeptError(Exception):
    """A backup could not be written, so nothing may be changed; the message says why."""


class Entry(t.NamedTuple):
    """The attributes of one resource that a run managed, as they were before and as the run was to leave them."""

    resource: Resource
    target: Target
    name: str | None
    before: Attributes
    after: Attributes


class Backup(t.NamedTuple):
    """``made`` is a time in the format TIME. ``caller`` is the ARN of whoever made it, None if STS did not answer."""

    made: str
    caller: str | None
    entries: tuple[Entry, ...]


def to_text(resources: t.Iterable[Resource], subjects: t.Sequence[Subject], made: str, caller: str | None) -> str:
    """Return the backup of planned subjects: JSON with a list for each kind, one resource per line."""
    head = json.dumps({_MARK: _VERSION, "made": made, "caller": caller}).rstrip("}")
    lists = [
        f'"{resource.result_key}": [{",".join(_line(each) for each in subjects if each.resource is resource)}\n]'
        for resource in resources
    ]
    return f"{', '.join([head, *lists])}}}\n"


def _line(subject: Subject) -> str:
    plan = subject.plan
    entry = {
        "id": subject.target.id,
        "region": subject.target.region,
        "name": subject.name,
        "before": _state(plan.before) if plan else {},
        "after": _state(plan.after) if plan else {},
    }
    return f"\n{json.dumps(entry)}"


def _state(attributes: Attributes) -> dict[str, t.Any]:
    return {attribute.option: as_option(attribute, value) for attribute, value in attributes.values}


def parse(text: str | bytes, resources: t.Sequence[Resource]) -> Backup:
    """Return what a backup holds; raise NotABackupError. Entries of a list that EC2 once held are not checked."""
    content = parsed(text)
    known = {resource.result_key: resource for resource in resources}
    unknown = sorted(set(content) - {_MARK, "made", "caller", *known})
    if unknown:
        raise NotABackupError(f"it holds {', '.join(unknown)}, which this version of the collection cannot restore")
    entries = [
        _entry(written, resource, f"{key}[{number}]")
        for key, resource in known.items()
        for number, written in enumerate(_list(content.get(key, []), key))
    ]
    _refuse_repeated(entries)
    return Backup(content["made"], content.get("caller"), tuple(entries))


def _refuse_repeated(entries: t.Iterable[Entry]) -> None:
    seen: set[Target] = set()
    for entry in entries:
        if entry.target in seen:
            raise NotABackupError(f"{entry.target} is in it twice")
        seen.add(entry.target)


def parsed(text: str | bytes) -> dict[str, t.Any]:
    """Return the JSON object of a backup, of which only the head has been checked; raise NotABackupError."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise NotABackupError("it is not JSON") from None
    if not isinstance(content, dict) or _MARK not in content:
        raise NotABackupError(f"it is not a backup of this collection: it has no {_MARK}")
    if content[_MARK] != _VERSION:
        raise NotABackupError(f"it is a backup of another version of the collection ({_MARK}: {content[_MARK]!r})")
    made = content.get("made")
    if not isinstance(made, str) or not _MADE.fullmatch(made):
        raise NotABackupError(f"made: {made!r} is not a time such as 2026-11-29T10:14:18Z")
    return content


def _entry(written: t.Any, resource: Resource, where: str) -> Entry:
    region, resource_id, name = (_dict(written, where).get(key) for key in ("region", "id", "name"))
    problems = [id_problem(str(resource_id), None, resource), *region_problems([region and str(region)], "region")]
    for problem in filter(None, problems):
        raise NotABackupError(f"{where}: {problem}")
    before, after = (_attributes(written.get(key), resource, f"{where}.{key}") for key in ("before", "after"))
    if [attribute for attribute, _value in before.values] != [attribute for attribute, _value in after.values]:
        raise NotABackupError(f"{where}: before and after are not of the same attributes")
    return Entry(resource, Target(str(region), str(resource_id)), name and str(name), before, after)


def _attributes(written: t.Any, resource: Resource, where: str) -> Attributes:
    unknown = sorted(set(_dict(written, where)) - {attribute.option for attribute in resource.attributes})
    if unknown:
        raise NotABackupError(f"{where}: unknown: {', '.join(map(shown, unknown))}")
    present = [attribute for attribute in resource.attributes if attribute.option in written]
    return Attributes(tuple((each, _value(written[each.option], each, f"{where}.{each.option}")) for each in present))


def _value(written: t.Any, attribute: Attribute, where: str) -> Value:
    if attribute.kinds or attribute.of:
        return _permissions(written, attribute.of or attribute, where)
    if attribute.has_tags:
        return _tags(written, attribute, where)
    is_flag = isinstance(attribute.unset, bool)
    is_none = written is None and not (is_flag or attribute.clears)  # no text was ever set
    if not is_none and not isinstance(written, bool if is_flag else str):
        raise NotABackupError(f"{where} is {'neither true nor false' if is_flag else 'not text'}")
    if attribute.choices and written not in attribute.choices:
        raise NotABackupError(f"{where}: {shown(written)} is not one of {', '.join(attribute.choices)}")
    if attribute.dated and written and dates.shown_moment(written) is None:
        raise NotABackupError(f"{where}: {shown(written)} is not a time such as 2027-12-31T18:00:00.000Z")
    return t.cast("Value", written)


def _tags(written: t.Any, attribute: Attribute, where: str) -> Tags:
    for key, value in _dict(written, where).items():
        if not isinstance(value, str):
            raise NotABackupError(f"{where}.{key} is not text")
        problem = attribute.tag_problem(key, value)
        if problem:
            raise NotABackupError(f"{where}: {problem}")
    return tuple(sorted(written.items()))


def _permissions(written: t.Any, attribute: Attribute, where: str) -> Permissions:
    unknown = sorted(set(_dict(written, where)) - {kind.option for kind in (*attribute.kinds, *attribute.found)})
    if unknown:
        raise NotABackupError(f"{where}: unknown: {', '.join(map(shown, unknown))}")
    for kind, values in written.items():
        if not all(isinstance(value, str) for value in _list(values, f"{where}.{kind}")):
            raise NotABackupError(f"{where}.{kind} does not hold texts only")
    return frozenset(Permission(kind, value) for kind, values in written.items() for value in values)


def _dict(written: t.Any, where: str) -> dict[str, t.Any]:
    if not isinstance(written, dict):
        raise NotABackupError(f"{where} is not a dictionary")
    return written


def _list(written: t.Any, where: str) -> list[t.Any]:
    if not isinstance(written, list):
        raise NotABackupError(f"{where} is not a list")
    return written
