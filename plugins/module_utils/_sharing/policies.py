# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Policies: what each may say, what its pattern means, and which of the images found it selects.

From what a user wrote to values, with every problem of every policy found at once. Pure: no request is made here, and
none is made before this has passed. A new option of policies is a row of OPTIONS, a new pattern a row of PATTERNS.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property

from .._attributes.images import IMAGES
from .._attributes.options import InvalidOptionsError
from .._attributes.options import asked_tags
from .._attributes.options import asked_value
from .._attributes.options import parse_filters
from .._attributes.options import parse_targets
from .._attributes.options import region_problems
from .._attributes.options import shown
from .._attributes.permissions import EVERYONE
from .._attributes.permissions import Permission
from .._attributes.permissions import Permissions
from .._attributes.permissions import from_principal
from .._attributes.permissions import mistaken
from .._attributes.subject import created

if t.TYPE_CHECKING:
    from .._attributes.attribute import Attribute
    from .._attributes.attribute import Description
    from .._attributes.plan import Asked
    from .._attributes.subject import Target

_FORMS = "principals are account ids of 12 digits (quoted) and ARNs of organizations and OUs"
_TRUE = frozenset({"yes", "on", "1", "true", "y", "t"})
_FALSE = frozenset({"no", "off", "0", "false", "n", "f"})
# What can be shared, or will be once it is available. Others are selected only by filters that name the state.
_SHARED_STATES = ("available", "pending")
# What becomes of the keys behind the images: only said, shared like the images, or not looked at.
REPORT, SHARE, IGNORE = "report", "share", "ignore"
KMS = (REPORT, SHARE, IGNORE)


class InvalidPoliciesError(InvalidOptionsError):
    """The policies, or the options with them, are wrong; the text has every problem, one per line."""

    def __init__(self, problems: t.Sequence[str]) -> None:
        super().__init__(problems, "policies")


def quoted(name: t.Any) -> str:
    """Return a name between quotes, on one line whatever is in it."""
    printable = (each if each.isprintable() else each.encode("unicode_escape").decode() for each in str(name))
    return f"'{''.join(printable)}'"


class Pattern(t.NamedTuple):
    """What a pattern means: whether its principals are granted or revoked, and whether nobody else keeps access.

    ``everyone`` stands in place of principals; a pattern without principals takes none.
    """

    name: str
    grants: bool
    exact: bool
    takes_principals: bool
    everyone: bool = False


PATTERNS = {
    pattern.name: pattern
    for pattern in (
        Pattern("share", grants=True, exact=False, takes_principals=True),
        Pattern("exclusive", grants=True, exact=True, takes_principals=True),
        Pattern("revoke", grants=False, exact=False, takes_principals=True),
        Pattern("public", grants=True, exact=False, takes_principals=False, everyone=True),
        Pattern("private", grants=True, exact=True, takes_principals=False),
    )
}


@dataclass(frozen=True)
class Search:
    """EC2's own filters, the Regions to search, and how many of the newest of each Region are selected, 0 for all."""

    filters: tuple[tuple[str, tuple[str, ...]], ...]
    regions: tuple[str, ...]
    newest: int

    def as_filters(self) -> list[dict[str, t.Any]]:
        return [{"Name": name, "Values": list(values)} for name, values in self.filters]

    def pick(self, found: t.Iterable[tuple[Target, Description]]) -> tuple[list[Target], list[Target]]:
        """Return what is selected of the images found in a Region, the newest first, and what is left out."""
        any_state = any(name == "state" for name, _values in self.filters)
        newest_first = sorted(found, key=created, reverse=True)
        fit = [target for target, image in newest_first if any_state or image.get("State") in _SHARED_STATES]
        left_out = [
            target for target, image in newest_first if not any_state and image.get("State") not in _SHARED_STATES
        ]
        return fit[: self.newest or None], left_out


@dataclass(frozen=True)
class Policy:
    """One policy, valid as far as can be known without EC2. ``principals`` are in the order given, each once."""

    name: str
    pattern: Pattern
    principals: tuple[Permission, ...]
    selection: Search | tuple[Target, ...]
    others: tuple[Asked, ...]
    snapshots: bool
    allow_empty: bool
    kms: str = REPORT
    kms_autoscaling: bool = False

    @cached_property
    def grants(self) -> Permissions:
        return frozenset(self.principals if self.pattern.grants else ())

    @cached_property
    def revokes(self) -> Permissions:
        return frozenset(() if self.pattern.grants else self.principals)

    @property
    def regions(self) -> t.Sequence[str]:
        """The Regions of its images, as often as it names them."""
        selection = self.selection
        return selection.regions if isinstance(selection, Search) else [target.region for target in selection]

    def but_for(self, options: t.Container[str]) -> Policy:
        """Return the same policy without what it asks of these attributes, which are not lists of permissions."""
        return replace(self, others=tuple(wish for wish in self.others if wish.attribute.option not in options))

    def __str__(self) -> str:
        return f"policy {quoted(self.name)}"


@dataclass(frozen=True)
class Given:
    """What it takes to read policies: the Region of the task, the Regions to search, and consent to public images."""

    region: str | None = None
    regions: t.Sequence[str] | None = None
    allow_public: bool = False


# Types, as Ansible takes them. Each returns the value, or raises ValueError, TypeError or OverflowError.


def _bool(value: t.Any) -> bool:
    text = str(value).lower()
    if isinstance(value, (bool, str, int, float)) and (text in _TRUE or text in _FALSE or value in (0, 1)):
        return text in _TRUE or value == 1
    raise ValueError


def _int(value: t.Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    number = int(str(value)) if isinstance(value, str) else int(value)
    if number != value and not isinstance(value, str):
        raise ValueError
    return number


def _dict(value: t.Any) -> dict[str, t.Any]:
    if not isinstance(value, t.Mapping):
        raise TypeError
    return dict(value)


def _list(value: t.Any) -> list[t.Any]:
    if isinstance(value, t.Mapping):
        raise TypeError
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _text(value: t.Any) -> str:
    # YAML turns what is written like a date into one.
    return str(value)


def _anything(value: t.Any) -> t.Any:
    return value


class _Option(t.NamedTuple):
    """An option of a policy: what messages call its type, and how it is read."""

    kind: str
    read: t.Callable[[t.Any], t.Any]


# Only a task that names an image can enable or disable it: a search would not find a disabled one.
OTHERS = tuple(each for each in IMAGES.attributes if not each.kinds and not isinstance(each.unset, bool))
OPTIONS: dict[str, _Option] = {
    "name": _Option("str", str),
    "pattern": _Option("str", str),
    "principals": _Option("list", _anything),
    "image_ids": _Option("list", _list),
    "filters": _Option("dict such as {name: golden-*}", _dict),
    "regions": _Option("list", _list),
    "newest": _Option("int", _int),
    "snapshots": _Option("bool", _bool),
    "kms": _Option("str", str),
    "kms_autoscaling": _Option("bool", _bool),
    "allow_empty": _Option("bool", _bool),
    **{each.option: _Option("dict", _dict) if each.has_tags else _Option("str", _text) for each in OTHERS},
    **{f"purge_{each.option}": _Option("bool", _bool) for each in OTHERS if each.has_tags},
}


def parse_policies(policies: t.Sequence[t.Any], given: Given) -> tuple[tuple[Policy, ...], list[str]]:
    """Return the policies that are right, and the problems of the others, each with the policy's name."""
    parsed: list[Policy] = []
    problems: list[str] = []
    for number, written in enumerate(policies, 1):
        policy, found = _Reader(written, given).policy()
        problems += [f"{_called(written, number)}: {problem}" for problem in found]
        parsed += [policy] if policy else []
    return tuple(parsed), problems + _repeated_names(policies)


def _called(written: t.Any, number: int) -> str:
    name = written.get("name") if isinstance(written, t.Mapping) else None
    return f"policy number {number}" if name in (None, "") else f"policy {quoted(name)}"


def _repeated_names(policies: t.Sequence[t.Any]) -> list[str]:
    names = [
        str(each["name"]) for each in policies if isinstance(each, t.Mapping) and each.get("name") not in (None, "")
    ]
    repeated = dict.fromkeys(name for name in names if names.count(name) > 1)
    return [f"policy {quoted(name)}: several policies have this name" for name in repeated]


def parse_principals(values: t.Any, problems: list[str], *, everyone: bool = False) -> tuple[Permission, ...]:
    """Return the principals in the order given, each once; append what is not one to ``problems``.

    A text is a comma-separated list, and lists in the list are flattened. ``everyone``: V(all) is accepted as well.
    """
    found: dict[Permission, None] = {}
    for value in _flat(values):
        text = str(value)
        permission = EVERYONE if everyone and text == EVERYONE.value else from_principal(text)
        if permission is None:
            known = mistaken(text)
            problems.append(f"{shown(text)} is not a principal{f', but {known}' if known else f': {_FORMS}'}")
        else:
            found[permission] = None
    return tuple(found)


def _flat(values: t.Any) -> t.Iterator[t.Any]:
    if isinstance(values, str):
        yield from (part.strip() for part in values.split(",") if part.strip())
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from _flat(value) if isinstance(value, (list, tuple)) else iter([value])
    else:
        yield values


class _Reader:
    """Reads one policy as it was written, and gathers what is wrong with it. What is null is not set."""

    def __init__(self, written: t.Any, given: Given) -> None:
        self._given = given
        self.problems: list[str] = []
        self._values: dict[str, t.Any] = {}
        self._said: dict[str, t.Any] = {}
        if isinstance(written, t.Mapping):
            self._said = {str(option): value for option, value in written.items() if value is not None}
        else:
            self.problems.append("it is not a dictionary")

    def policy(self) -> tuple[Policy | None, list[str]]:
        if self.problems:
            return None, self.problems
        self._read_options()
        pattern = self._pattern()
        principals = self._principals(pattern)
        selection = self._selection()
        others = tuple(wish for attribute in OTHERS for wish in self._other(attribute))
        kms, autoscaling = self._keys()
        self._judge_public(pattern)
        if self.problems or pattern is None:
            return None, self.problems
        flags = bool(self._values.get("snapshots")), bool(self._values.get("allow_empty"))
        return Policy(self._values["name"], pattern, principals, selection, others, *flags, kms, autoscaling), []

    def _read_options(self) -> None:
        unknown = sorted(set(self._said) - set(OPTIONS))
        if unknown:
            names = ", ".join(quoted(option)[1:-1] for option in unknown)
            self.problems.append(f"unknown: {names}; a policy takes {', '.join(sorted(OPTIONS))}")
        missing = [option for option in ("name", "pattern") if option not in self._said]
        if missing:
            self.problems.append(f"missing required arguments: {', '.join(missing)}")
        for option, value in self._said.items():
            if option in OPTIONS:
                self._read_option(option, value)
        if self._values.get("name") == "":
            self.problems.append("its name is empty")

    def _read_option(self, option: str, value: t.Any) -> None:
        kind, read = OPTIONS[option]
        try:
            self._values[option] = read(value)
        except (ValueError, TypeError, OverflowError):
            self.problems.append(f"{option} is of type {type(value).__name__} and not {kind}")

    def _pattern(self) -> Pattern | None:
        name = self._values.get("pattern")
        if name is not None and name not in PATTERNS:
            self.problems.append(f"value of pattern must be one of: {', '.join(PATTERNS)}, got: {shown(name)[1:-1]}")
        return PATTERNS.get(name or "")

    def _principals(self, pattern: Pattern | None) -> tuple[Permission, ...]:
        values = list(_flat(self._values.get("principals", [])))
        if pattern and not pattern.takes_principals:
            self.problems += [f"the pattern {pattern.name} takes no principals"] if values else []
            return (EVERYONE,) if pattern.everyone else ()
        if pattern and not values:
            instead = " (for nobody but the owner, use private)" if pattern.exact else ""
            self.problems.append(f"the pattern {pattern.name} needs principals{instead}")
        return parse_principals(values, self.problems)

    def _selection(self) -> Search | tuple[Target, ...]:
        named = "image_ids" in self._said
        if named == ("filters" in self._said):
            self.problems.append(f"set either image_ids or filters{', not both' if named else ''}")
        if not named:
            return self._search()
        self.problems += [
            f"{option} goes with filters, not with image_ids"
            for option in ("regions", "newest")
            if option in self._said
        ]
        return parse_targets(self._values.get("image_ids", ()), IMAGES, self._given.region, self.problems)

    def _search(self) -> Search:
        filters = parse_filters(self._values.get("filters", {}), self.problems)
        newest = self._values.get("newest", 0)
        if "newest" in self._values and newest < 1:
            self.problems.append(f"newest: {newest} is less than 1")
        # The order means nothing, and the same search is sent once.
        values = sorted((each["Name"], tuple(sorted(set(each["Values"])))) for each in filters)
        return Search(tuple(values), self._regions() if "filters" in self._values else (), newest)

    def _regions(self) -> tuple[str, ...]:
        given = self._given
        if "regions" in self._values:
            regions = ["" if region is None else str(region) for region in self._values["regions"]]
            self.problems += region_problems(regions, "regions")
            self.problems += [] if regions else ["regions: names no Region; leave it out to search the default ones"]
        else:
            regions = list(given.regions or filter(None, [given.region]))
            self.problems += [] if given.regions else region_problems(regions, "region")
            self.problems += [] if regions else ["regions: in which Regions? Set regions, or region (or AWS_REGION)"]
        return tuple(dict.fromkeys(regions))

    def _other(self, attribute: Attribute) -> t.Iterator[Asked]:
        """Yield what is asked of an attribute that is not a list of permissions, if anything is."""
        value = self._values.get(attribute.option)
        asked: Asked | None
        if attribute.has_tags:
            purge = bool(self._values.get(f"purge_{attribute.option}"))
            asked = asked_tags(attribute, value, self.problems, purge=purge)
        else:
            asked = asked_value(attribute, value, self.problems)
        yield from [asked] if asked else []

    def _keys(self) -> tuple[str, bool]:
        """Return what becomes of the keys, and whether Auto Scaling groups are to be allowed as well."""
        kms, autoscaling = self._values.get("kms", REPORT), bool(self._values.get("kms_autoscaling"))
        if kms not in KMS:
            self.problems.append(f"value of kms must be one of: {', '.join(KMS)}, got: {shown(kms)[1:-1]}")
        if autoscaling and kms == IGNORE:
            self.problems.append("kms_autoscaling goes with kms: share or report, not with ignore")
        return kms, autoscaling

    def _judge_public(self, pattern: Pattern | None) -> None:
        if pattern and pattern.everyone:
            if not self._given.allow_public:
                self.problems.append("anyone could launch its images: set allow_public to consent")
            if self._values.get("filters") == {}:
                self.problems.append(
                    "filters: {} is every image of the account, and the pattern public needs a selection"
                )
