# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""From the options of a task to what it asks for, with everything that is wrong with them reported at once.

Pure: no request is made here, and none is made before this has passed.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from . import dates
from .permissions import Options
from .permissions import Permissions
from .permissions import from_options
from .plan import Asked
from .plan import AskedDate
from .plan import AskedOfEntries
from .plan import AskedPermissions
from .plan import AskedTags
from .plan import AskedText
from .subject import Target

if t.TYPE_CHECKING:
    from .attribute import Attribute
    from .resource import Resource

# It becomes a part of a host name, and botocore makes no client for what cannot be one.
_NAME = re.compile(r"(?![0-9]+\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+){1,3}-[0-9]+")
_ZONE = re.compile(rf"({_REGION.pattern})[a-z]")
_MAX_SHOWN = 160  # the longest ARN of an OU in it
# How long a run waits, and how much it does at once. The modules that run over policies have these options too.
PACE: dict[str, t.Any] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 120},
    "concurrency": {"type": "int", "default": 16},
}
# What a run does before its first write, if it is asked to.
CARE: dict[str, t.Any] = {
    "preflight": {"type": "bool", "default": False},
    "backup": {"type": "path"},
}


class InvalidOptionsError(ValueError):
    """A task's options are wrong; the text has every problem, one per line."""

    def __init__(self, problems: t.Sequence[str], where: str = "task") -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the {where}; nothing was sent to EC2:", *problems]))


@dataclass(frozen=True)
class Task:
    """What a task asks for, valid as far as can be told without EC2. Times are in seconds."""

    targets: tuple[Target, ...]
    asked: tuple[Asked, ...]
    wait: bool
    wait_timeout: int
    concurrency: int


Params = t.Mapping[str, t.Any]


def parse_task(
    params: Params,
    resource: Resource,
    default_region: str | None,
    endpoint_region: str | None = None,
    found: t.Iterable[str] = (),
) -> Task:
    """Return the task; raise InvalidOptionsError with every problem, including those ``found`` elsewhere.

    ``default_region`` is for ids that name none. ``endpoint_region`` is the only one that the task's endpoint serves.
    """
    problems = list(found)
    targets = parse_targets(params[resource.ids_option], resource, default_region, problems)
    problems += endpoint_problems(endpoint_region, (target.region for target in targets))
    asked = tuple(
        ask for attribute in resource.attributes for ask in _asked_of(attribute, params, problems) if ask is not None
    )
    if any(isinstance(ask, AskedOfEntries) or (isinstance(ask, AskedText) and ask.value is False) for ask in asked):
        # EC2 drops all permissions of what is disabled, and what entries have besides says nothing without them, so
        # they are read, and are in ``before``.
        lists = [ask for ask in asked if isinstance(ask, AskedPermissions)]
        asked += () if lists else (AskedPermissions(resource.permissions),)
    problems += _nothing_asked(resource, params)
    problems += [
        f"{option}: {params[option]} is less than {least}"
        for option, least in (("wait_timeout", 0), ("concurrency", 1))
        if params[option] < least
    ]
    if problems:
        raise InvalidOptionsError(problems)
    return Task(targets, asked, params["wait"], params["wait_timeout"], params["concurrency"])


def misread_problems(misread: t.Mapping[str, t.Any]) -> list[str]:
    """Return the problem of each option that was given something other than the dictionary it takes."""
    return [
        f"{option}: {_written(value)} is not a dictionary such as {{user_ids: ['111122223333']}}"
        for option, value in misread.items()
    ]


def _written(value: t.Any) -> str:
    """Return a value as it is written in a task: only a text has quotes."""
    return shown(value) if isinstance(value, str) else shown(str(value))[1:-1]


def parse_targets(
    ids: t.Iterable[t.Any], resource: Resource, default_region: str | None, problems: list[str]
) -> tuple[Target, ...]:
    """Return the resources named by ``ids`` in order, each once; append what is wrong to ``problems``."""
    targets: dict[Target, None] = {}
    without_region: list[str] = []
    for text in _written_ids(ids, resource):
        region, resource_id = _parted(text, resource)
        problem = id_problem(resource_id, region, resource)
        if problem:
            problems.append(f"{resource.ids_option}: {problem}")
            continue
        region = region or _region_of(resource_id, resource)
        if not region:
            without_region.append(resource_id)
        targets[Target(region or default_region or "", resource_id)] = None
    if without_region and not default_region:
        problems.append(_no_region(resource, without_region))
    elif without_region:
        problems += region_problems([default_region], "region")
    return tuple(targets)


def region_problems(regions: t.Iterable[str | None], option: str) -> list[str]:
    """Return what is wrong with the names of Regions. Endpoints other than AWS may have names of their own."""
    return [f"{option}: {problem}" for problem in map(_region_problem, regions) if problem]


def _region_problem(region: str | None) -> str:
    zone = _ZONE.fullmatch(region or "")
    if zone:
        return f"{region} is an Availability Zone; write its Region, {zone[1]}"
    return "" if _NAME.fullmatch(region or "") else f"{shown(region or '')} is not the name of a Region"


def endpoint_problems(endpoint_region: str | None, regions: t.Iterable[str]) -> list[str]:
    """Return the problem if an endpoint serves only one Region (None: any) and the task works on others."""
    others = ", ".join(sorted({region for region in regions if region} - {endpoint_region}))
    if endpoint_region is None or not others:
        return []
    instead = "leave endpoint_url out, or use one task per Region"
    return [f"endpoint_url: it serves only {endpoint_region}, and the task works on {others}; {instead}"]


def parse_filters(filters: t.Mapping[str, t.Any], problems: list[str]) -> list[dict[str, t.Any]]:
    """Return the filters as EC2 takes them; append what is wrong to ``problems``."""
    parsed = []
    for name, value in filters.items():
        found: list[str] = []
        values = list(_filter_values(name, value, found))
        # It would be sent as a filter without values, and what that finds is not documented.
        problems += found or ([] if values else [f"filters.{shown(name)[1:-1]}: has no value; leave the filter out"])
        parsed.append({"Name": name, "Values": values})
    return parsed


def _filter_values(name: str, value: t.Any, problems: list[str]) -> t.Iterator[str]:
    """Yield the values of a filter as EC2 writes them: texts, with true and false in lower case."""
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _filter_values(name, each, problems)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, (str, int, float)):
        yield str(value)
    else:
        problems.append(f"filters.{shown(name)[1:-1]}: {value!r} is neither text nor a list of texts")


def _written_ids(elements: t.Iterable[t.Any], resource: Resource) -> t.Iterator[str]:
    """Yield the ids, in any form in which other tools and modules return them.

    An element may be a comma-separated list, as Packer prints the artifact of a build in several Regions, a list, or an
    image or snapshot as the modules of this collection return it, with its Region.
    """
    for element in elements:
        if isinstance(element, t.Mapping):
            region = f"{element['region']}:" if element.get("region") else ""
            found = element.get(resource.id_option) or element.get(resource.ids_option)
            if found is None:
                yield str(element)
            else:
                yield from (f"{region}{text}" for text in _written_ids([found], resource))
        elif isinstance(element, (list, tuple)):
            yield from _written_ids(element, resource)
        else:
            yield from (part.strip() for part in str(element).split(","))


def id_problem(resource_id: str, region: str | None, resource: Resource) -> str:
    """Return what is wrong with an id, and with the Region written before it unless that is None."""
    ids = resource.ids
    text = resource_id if region is None else f"{region}:{resource_id}"
    its_own = _region_of(resource_id, resource)
    if not re.fullmatch(ids.pattern, resource_id) and not its_own:
        return f"{shown(text)} is not the id of {resource.described_as} ({ids.form}, or REGION:{ids.example})"
    if region is not None and not (_REGION.fullmatch(region) and _NAME.fullmatch(region)):
        return f"{shown(text)} does not begin with a Region such as us-east-1"
    return f"{shown(text)} is not in {region}, but in {its_own}" if region and its_own not in ("", region) else ""


def _parted(text: str, resource: Resource) -> tuple[str | None, str]:
    """Return the Region written before an id, None if there is none, and the id."""
    arn = text.find("arn:") if resource.ids.arn else -1
    start = text.rfind(":") + 1 if arn < 0 else arn
    return (text[: start - 1] if start else None), text[start:]


def _region_of(resource_id: str, resource: Resource) -> str:
    """Return the Region of an id that is an ARN."""
    arn = re.fullmatch(resource.ids.arn, resource_id) if resource.ids.arn else None
    return arn[1] if arn else ""


def _no_region(resource: Resource, ids: t.Sequence[str]) -> str:
    example = f"REGION:{resource.ids.example}"
    return f"{resource.ids_option}: {', '.join(ids)}: in which Region? Set region (or AWS_REGION), or write {example}"


def _nothing_asked(resource: Resource, params: Params) -> list[str]:
    options = [attribute.option for attribute in resource.attributes]
    options += [f"revoke_{attribute.option}" for attribute in resource.attributes if attribute.kinds]
    purged = any(params[f"purge_{each.option}"] for each in resource.attributes if each.kinds or each.has_tags)
    # A purge that lacks its list is reported as that.
    flags = {attribute.option for attribute in resource.attributes if attribute.of}
    if purged or any(params[option] is not None for option in options if option not in flags or params[option]):
        return []
    return [f"no attribute is asked for: set at least one of {', '.join(options)}"]


def _asked_of(attribute: Attribute, params: Params, problems: list[str]) -> t.Iterator[Asked | None]:
    if attribute.kinds:
        yield _permissions(attribute, params, problems)
    elif attribute.of:
        yield _of_entries(attribute, attribute.of, params)
    elif attribute.has_tags:
        yield asked_tags(attribute, params[attribute.option], problems, purge=params[f"purge_{attribute.option}"])
    else:
        yield asked_value(attribute, params[attribute.option], problems)


def asked_value(attribute: Attribute, value: t.Any, problems: list[str]) -> AskedText | AskedDate | None:
    """Return what a text, a date or a flag is asked to be, if at all; append what is wrong to ``problems``."""
    if value is None:
        return None
    problem = "" if isinstance(value, bool) else attribute.problem(value)
    if attribute.choices and value not in attribute.choices:
        problem = f"{shown(value)} is not one of {', '.join(attribute.choices)}"
    if problem:
        problems.append(f"{attribute.option}: {problem}")
    date = dates.parse(value) if attribute.dated else None
    return AskedDate(attribute, value, date) if date else AskedText(attribute, value)


def asked_tags(
    attribute: Attribute, tags: t.Mapping[t.Any, t.Any] | None, problems: list[str], *, purge: bool
) -> AskedTags | None:
    """Return the tags asked for, if any are; append what is wrong to ``problems``."""
    option = attribute.option
    if purge and tags is None:
        problems.append(f"purge_{option}: needs {option}, the tags that remain ({option}: {{}} for none)")
    if tags is None:
        return None
    written = sorted((str(key), _tag_text(value)) for key, value in tags.items())
    found = [_nested(key, value) or attribute.tag_problem(str(key), _tag_text(value)) for key, value in tags.items()]
    problems += [f"{option}: {problem}" for problem in sorted(found) if problem]
    return AskedTags(attribute, tuple(written), purge)


def _nested(key: t.Any, value: t.Any) -> str:
    is_nested = isinstance(value, (t.Mapping, list, tuple, set))
    return f"the value of {key!r} is a {type(value).__name__}, and a tag takes text" if is_nested else ""


def _tag_text(value: t.Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _permissions(attribute: Attribute, params: Params, problems: list[str]) -> AskedPermissions | None:
    option = attribute.option
    grant, revoke = (_stripped(attribute, params[name]) for name in (option, f"revoke_{option}"))
    purge: bool = params[f"purge_{option}"]
    problems += _entry_problems(attribute, option, grant) + _entry_problems(attribute, f"revoke_{option}", revoke)
    if purge and grant is None:
        problems.append(f"purge_{option}: needs {option}, the entries that remain ({option}: {{}} for none)")
    if grant is None and revoke is None:
        return None
    asked = AskedPermissions(attribute, from_options(grant or {}), from_options(revoke or {}), purge)
    problems += _granted_and_revoked(option, asked.grant & asked.revoke)
    return asked


def _of_entries(attribute: Attribute, of: Attribute, params: Params) -> AskedOfEntries | None:
    """Return which entries of a list are asked to have something besides: without the flag, those that have it keep it.

    Whoever is taken off the list loses it, so that it is known for a way back.
    """
    entries = _permissions(of, params, []) or AskedPermissions(of)
    if params[attribute.option]:
        return AskedOfEntries(attribute, entries)
    some = AskedPermissions(attribute, purge=entries.purge)
    return AskedOfEntries(attribute, entries, some) if entries.purge or entries.revoke else None


def _stripped(attribute: Attribute, entries: Options | None) -> Options | None:
    """Return the entries without outer spaces: Ansible splits a text at its commas, and leaves those after them."""
    if entries is None:
        return None
    return {kind.option: [value.strip(" ") for value in entries.get(kind.option) or ()] for kind in attribute.kinds}


def _entry_problems(attribute: Attribute, option: str, entries: Options | None) -> list[str]:
    given = entries or {}
    judged = ((kind, value, kind.problem(value)) for kind in attribute.kinds for value in given.get(kind.option) or ())
    return [f"{option}.{kind.option}: {shown(value)} {problem}" for kind, value, problem in judged if problem]


def _granted_and_revoked(option: str, entries: Permissions) -> list[str]:
    return [f"{shown(value)} is in both {option} and revoke_{option}" for _dummy, value in sorted(entries)]


def shown(value: str) -> str:
    return repr(value if len(value) <= _MAX_SHOWN else f"{value[:_MAX_SHOWN]}…")
