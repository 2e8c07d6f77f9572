# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Random arguments through the parser of each module, over HTTP: laws that hold whatever a task says.

What is valid is known from how it was made, and never from parsing it. The examples are the same in every run. To
search further, with so many times as many random examples: FUZZ=50 make unit ARGS='-k test_fuzz'
"""

from __future__ import annotations

import functools
import json
import os
import re
import typing as t

import pytest
import yaml
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ansible_collections.amikit.aws.plugins.modules import ec2_ami_attribute_info
from local_ec2.client import LocalEC2

FUZZ = int(os.environ.get("FUZZ", "0"))
Json = dict[str, t.Any]
Run = t.Callable[..., Json]
Strategy = st.SearchStrategy[t.Any]


def fuzz(examples: int) -> settings:
    return settings(
        max_examples=examples * max(FUZZ, 1),
        derandomize=not FUZZ,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the model of EC2 once: botocore reads it for every client, which is most of the time of a module."""
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _loader, path: _read_once(path))


_read_once = functools.cache(JSONFileLoader().load_file)


# Texts. Whatever is built around a hyphen, a colon or a slash is not in a text without them.

# Ansible itself fails to log a NUL, and a surrogate that stands alone in an option.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
WORDLESS = st.text(st.characters(exclude_characters="\x00-:/,"), max_size=12)
LONG = st.sampled_from(["x" * 5_000, "\u0661" * 5_000, "1" * 5_000])
# In no id, account id or ARN, wherever it stands.
ODD = st.sampled_from([*" \n\t\r\x1b\x7f_Z!'\"\\{}é\u0661\uff11\u200b\u2028\ud800", "{{ 1 }}", "😀"])
ZEROS = ("\u0660", "\u06f0", "\uff10", "\U0001d7ce")  # of the Arabic, Persian, full-width and bold digits


def named(value: t.Any) -> str:
    """Return how the message names a value: as Python writes it, and cut when it is long."""
    text = str(value).strip()
    return repr(re.split("['\"]", text)[0][:20])[1:-1]


def in_other_digits(text: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(character)) if character in "0123456789" else character for character in text)


@st.composite
def with_oddity(draw: st.DrawFn, right: Strategy) -> str:
    """Return a right text with something in its midst that makes it wrong."""
    text = draw(right)
    place = draw(st.integers(1, len(text) - 1))
    return f"{text[:place]}{draw(ODD)}{text[place:]}"


def near(right: Strategy) -> Strategy:
    """Texts that are wrong, and look like right ones."""
    return with_oddity(right) | st.builds(in_other_digits, right, st.sampled_from(ZEROS))


# Principals, by the forms of the AWS Organizations API.

ACCOUNT = st.integers(0, 10**12 - 1).map("{:012}".format) | st.sampled_from(["111122223333", "000000000000"])
SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"
AUTHORITY = st.builds(
    "arn:{}:organizations::{}:".format, st.sampled_from(["aws", "aws-cn", "aws-us-gov", "aws-iso-b"]), ACCOUNT
)
ORG = st.builds("{}organization/o-{}".format, AUTHORITY, st.text(SMALL, min_size=10, max_size=32))
OU = st.builds(
    "{}ou/o-abcdefghij/ou-{}-{}".format,
    AUTHORITY,
    st.text(SMALL, min_size=4, max_size=32),
    st.text(SMALL, min_size=8, max_size=32),
)
OTHERS = st.sampled_from(
    [
        "",
        "o-abcdefghij",
        "ou-ab12-cdefghij",
        "1111-2222-3333",
        "arn:aws:iam::111122223333:root",
        "arn:aws:organizations::123456789012:account/o-abcdefghij/111122223333",
        "arn:aws:organizations::123456789012:root/o-abcdefghij/r-ab12",
        "arn:aws:organizations::123456789012:organization/o-abcdefghi",
        "arn:aws:organizations:us-east-1:123456789012:organization/o-abcdefghij",
        "ARN:AWS:ORGANIZATIONS::123456789012:ORGANIZATION/O-ABCDEFGHIJ",
        "arn:aws:organizations::123456789012:ou/ou-ab12-cdefghij",
    ]
)
NUMBERS = (
    st.integers(-(10**11) + 1, 10**11 - 1)  # a leading zero is lost
    | st.integers(10**12, 10**40)
    | st.floats()
)
STRUCTURES = st.sampled_from([[], {}, ["111122223333"], {"user_ids": "111122223333"}, [[["all"]]]])
NOT_TEXT = NUMBERS | st.booleans() | STRUCTURES
WRONG_LENGTH = st.text("0123456789", max_size=11) | st.text("0123456789", min_size=13, max_size=40)
# Of each kind: the option with its aliases, right entries, and wrong ones.
KINDS: dict[str, tuple[list[str], Strategy, Strategy]] = {
    "user_ids": (["user_ids"], ACCOUNT, near(ACCOUNT) | WRONG_LENGTH | OTHERS | ORG | WORDLESS.map("x{}".format)),
    "group_names": (
        ["group_names"],
        st.just("all"),
        st.sampled_from(["ALL", "All", " all", "all ", "all\n", "", "everyone", "*"])
        | ACCOUNT
        | WORDLESS.map("x{}".format),
    ),
    "org_arns": (["org_arns", "organization_arns"], ORG, near(ORG) | OTHERS | OU | ACCOUNT | WORDLESS),
    "org_unit_arns": (["org_unit_arns", "organizational_unit_arns"], OU, near(OU) | OTHERS | ORG | ACCOUNT | WORDLESS),
}


class Sort(t.NamedTuple):
    """A module that modifies, by the names of its options."""

    module: str
    ids: str
    id: str
    prefix: str
    permissions: str
    kinds: tuple[str, ...]
    key: str


AMI = Sort("ec2_ami_attribute", "image_ids", "image_id", "ami", "launch_permissions", tuple(KINDS), "images")
SNAPSHOT = Sort(
    "ec2_snapshot_attribute",
    "snapshot_ids",
    "snapshot_id",
    "snap",
    "create_volume_permissions",
    ("user_ids", "group_names"),
    "snapshots",
)
SORTS = [AMI, SNAPSHOT]
IDS = [(sort.ids, sort.id) for sort in SORTS]
INFO = "ec2_ami_attribute_info"


class Wrong(t.NamedTuple):
    """What makes a task wrong: options, None for one that is left out, and the words that the message has for it."""

    options: Json
    words: list[str]


def changed(options: Json, wrong: Wrong) -> Json:
    """Return the options with what is wrong in place of what was right: an alias would win over its option."""
    replaced = {option for names in IDS if set(names) & set(wrong.options) for option in names}
    return {name: value for name, value in options.items() if name not in replaced} | wrong.options


# Ids. What is there, by Region; the task's Region is the first.

PLACES = [
    ("us-east-1", "0123456789abcdef0"),
    ("us-east-1", "11111111"),
    ("eu-west-1", "0123456789abcdef0"),
    ("eu-west-1", "22222222"),
]
BLANKS = st.sampled_from(["", "", " ", "\n", " \t "])


@st.composite
def written_id(draw: st.DrawFn, sort: Sort, place: tuple[str, str]) -> str:
    region, digits = place
    text = f"{sort.prefix}-{digits}"
    bare = region == PLACES[0][0] and draw(st.booleans())
    return f"{draw(BLANKS)}{text if bare else f'{region}:{text}'}{draw(BLANKS)}"


@st.composite
def written(draw: st.DrawFn, sort: Sort, place: tuple[str, str]) -> t.Any:
    """Return an id as an element: text, an element of a list, or a result of the modules of this collection."""
    region, digits = place
    text = draw(written_id(sort, place))
    bare = f"{sort.prefix}-{digits}"
    result = {"region": region, sort.id: bare, "changed": False, "before": {}}
    found = {"region": region, "image_id": "ami-11111111", sort.ids: [bare], "tags": {}} if sort is SNAPSHOT else result
    return draw(st.sampled_from([text, [text], [[], [text]], result, [result], found, {sort.id: text, "region": None}]))


@st.composite
def right_ids(draw: st.DrawFn, sort: Sort) -> tuple[list[tuple[str, str]], Json]:
    """Return places in the order asked for, each once, and the option that asks for them."""
    places = draw(st.lists(st.sampled_from(PLACES), max_size=5))
    option = draw(st.sampled_from([sort.ids, sort.id]))
    joined = draw(st.booleans())
    if places and joined:
        value: t.Any = ",".join(draw(written_id(sort, place)) for place in places)
        value = draw(st.sampled_from([value, [value]]))
    else:
        value = [draw(written(sort, place)) for place in places]
    return list(dict.fromkeys(places)), {option: value}


def wrong_id(sort: Sort) -> Strategy:
    digits = st.sampled_from(["0123456789abcdef0", "11111111"])
    right = digits.map(f"{sort.prefix}-{{}}".format) | digits.map(f"us-east-1:{sort.prefix}-{{}}".format)
    other_length = st.text("0123456789abcdef", max_size=40).filter(lambda text: len(text) not in (8, 17))
    others = [
        f"{sort.prefix}-0123456g",
        f"{sort.prefix.upper()}-11111111",
        f"{sort.prefix}-0123456789ABCDEF0",
        "i-0123456789abcdef0",
        "vol-11111111",
        f":{sort.prefix}-11111111",
        f"::{sort.prefix}-11111111",
        f"virginia:{sort.prefix}-11111111",
        f"us-east-1:us-east-1:{sort.prefix}-11111111",
        f"US-EAST-1:{sort.prefix}-11111111",
        f"us-{'x' * 64}-1:{sort.prefix}-11111111",
        f"arn:aws:ec2:us-east-1::image/{sort.prefix}-11111111",
        f"{sort.prefix}-11111111;{sort.prefix}-11111111",
        {"region": "us-east-1"},
        {"ImageId": f"{sort.prefix}-11111111"},
        {"region": 5, sort.id: f"{sort.prefix}-11111111"},
    ]
    return (
        near(right)
        | other_length.map(f"{sort.prefix}-{{}}".format)
        | st.sampled_from(others)
        | st.none()
        | st.booleans()
        | st.integers(-(10**40), 10**40)
        | st.floats()
        | WORDLESS
        | LONG
    )


@st.composite
def wrong_ids(draw: st.DrawFn, sort: Sort) -> Wrong:
    value = draw(wrong_id(sort))
    _places, right = draw(right_ids(sort))
    others = next(iter(right.values()))
    ids = others if isinstance(others, list) else [others]
    ids.insert(draw(st.integers(0, len(ids))), draw(st.sampled_from([value, [value], [[value]]])))
    words = [] if isinstance(value, dict) else [named(value)]
    return Wrong({draw(st.sampled_from([sort.ids, sort.id])): ids}, [f"{sort.ids}: ", *words])


# Each is no part of a host name, which botocore makes of a Region.
WRONG_REGION: Strategy = st.sampled_from(
    [
        "us east",
        "../x",
        "-",
        "-x",
        "us-east-1-",
        "x" * 64,
        "us-east-1,eu-west-1",
        "us_east_1",
        "é",
        "us-east-\uff11",
        "1",
    ]
) | WORDLESS.map("us-{}!".format)


def wrong_region(sort: Sort) -> Strategy:
    return WRONG_REGION.map(
        lambda region: Wrong({"region": region, sort.ids: [f"{sort.prefix}-11111111"]}, ["region: ", named(region)])
    )


# Permissions.

Entries = dict[str, list[str]]


@st.composite
def right_entries(draw: st.DrawFn, sort: Sort) -> Entries:
    kinds = draw(st.lists(st.sampled_from(sort.kinds), unique=True, max_size=4))
    entries: Entries = {kind: draw(st.lists(KINDS[kind][1], max_size=4)) for kind in kinds}
    if "user_ids" in entries and draw(st.integers(0, 19)) == 0:
        entries["user_ids"] += [f"{number:012}" for number in range(draw(st.integers(400, 1200)))]
    return entries


@st.composite
def spelled(draw: st.DrawFn, entries: Entries) -> t.Any:
    """Return the entries as the option takes them: other names, texts, numbers, null, JSON."""
    value: Json = {}
    for kind, values in entries.items():
        names = KINDS[kind][0]
        name = draw(st.sampled_from(names))
        plain: list[t.Any] = [values] if values else [values, None]
        numbers = [int(text) if text.isdigit() and text[0] != "0" else text for text in values]
        texts = [",".join(values)] if values else []
        value[name] = draw(st.sampled_from([*plain, numbers, *texts]))
        if name != names[0] and draw(st.booleans()):
            value[names[0]] = value[name]
    return draw(st.sampled_from([value, json.dumps(value), str(value)]))


@st.composite
def wrong_entries(draw: st.DrawFn, sort: Sort, option: str) -> Wrong:
    kinds = draw(st.lists(st.sampled_from(sort.kinds), unique=True, min_size=1))
    value: dict[str, list[t.Any]] = {}
    words = []
    for kind in kinds:
        names, right, wrong = KINDS[kind]
        bad = draw(st.lists(wrong | LONG | NOT_TEXT, min_size=1, max_size=3))
        value[draw(st.sampled_from(names))] = [*draw(st.lists(right, max_size=2)), *bad]
        words += [f"{option}.{kind}: ", *map(named, bad)]
    return Wrong({option: value}, words)


# Texts and numbers.

RIGHT_DESCRIPTION = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=255).map(str.strip)
WRONG_DESCRIPTION: Strategy = (
    st.text(st.characters(codec="utf-8", min_codepoint=127), min_size=1, max_size=9)
    | RIGHT_DESCRIPTION.map(lambda text: f"{text} ")
    | RIGHT_DESCRIPTION.map(lambda text: f" {text}"[:255])
    | st.sampled_from(["a\nb", "\t", "a — b", "x" * 256, "\uff11", "x" * 100_000])
)
RIGHT_BOOL: Strategy = st.sampled_from([True, False, "yes", "no", "true", "False", "on", "off", 1, 0, "1", "0", 1.0])


def whole(least: int) -> Strategy:
    numbers = st.integers(least, 10**30)
    return numbers | numbers.map(str)


def too_small(option: str, least: int) -> Strategy:
    numbers = st.integers(-(10**30), least - 1)
    return st.builds(
        lambda number, write: Wrong({option: write(number)}, [f"{option}: {number} is less than {least}"]),
        numbers,
        st.sampled_from([int, str]),
    )


# Tasks of the modules that modify.


class Task(t.NamedTuple):
    """A valid task: the places in the order asked for, what is meant by its options, and the options."""

    places: list[tuple[str, str]]
    meant: Json
    options: Json


@st.composite
def right_task(draw: st.DrawFn, sort: Sort) -> Task:
    places, options = draw(right_ids(sort))
    granted, revoked = draw(right_entries(sort)), draw(right_entries(sort))
    revoked = {kind: [one for one in values if one not in granted.get(kind, ())] for kind, values in revoked.items()}
    meant: Json = {sort.permissions: granted, f"revoke_{sort.permissions}": revoked}
    if sort is AMI:
        meant |= {"description": draw(RIGHT_DESCRIPTION), "imds_support": "v2.0"}
    kept = draw(st.lists(st.sampled_from(list(meant)), unique=True, min_size=1))
    meant = {option: meant[option] for option in kept}
    options |= {option: draw(spelled(value)) if isinstance(value, dict) else value for option, value in meant.items()}
    if sort.permissions in meant:
        meant["purge"] = draw(st.booleans())
        options[f"purge_{sort.permissions}"] = "yes" if meant["purge"] else draw(st.sampled_from([False, "off", 0]))
    options |= draw(st.fixed_dictionaries({}, optional=COMMON))
    return Task(places, meant, options)


COMMON = {"wait": RIGHT_BOOL, "wait_timeout": whole(0), "concurrency": whole(1), "region": st.just("us-east-1")}


@st.composite
def wrong_task(draw: st.DrawFn, sort: Sort) -> tuple[Json, list[str]]:
    """Return the options of a task that is wrong in at least one way, and all that the message must say."""
    options = draw(right_task(sort)).options
    words: list[str] = []
    where = wrong_ids(sort) | wrong_region(sort)
    ways = [where, too_small("wait_timeout", 0), too_small("concurrency", 1), wrong_wish(sort)]
    for way in draw(st.lists(st.sampled_from(ways), unique_by=id, min_size=1)):
        wrong = draw(way)
        options = changed(options, wrong)
        words += wrong.words
    return {name: value for name, value in options.items() if value is not None}, words


def wrong_wish(sort: Sort) -> Strategy:
    """What is asked for is wrong: in itself, nothing at all, both granted and revoked, or purged to no list."""
    grant, revoke, purge = sort.permissions, f"revoke_{sort.permissions}", f"purge_{sort.permissions}"
    nothing = {grant: None, revoke: None, purge: None, "description": None, "imds_support": None}
    both = ACCOUNT.map(
        lambda one: Wrong(
            {grant: {"user_ids": [one]}, revoke: {"user_ids": [one]}}, [one, f"both {grant} and {revoke}"]
        )
    )
    ways = [
        wrong_entries(sort, grant),
        wrong_entries(sort, revoke),
        both,
        st.just(Wrong({grant: None, purge: True}, [f"{purge}: needs {grant}"])),
        st.just(Wrong(nothing, ["no attribute is asked for", grant])),
    ]
    if sort is AMI:
        ways += [
            WRONG_DESCRIPTION.map(lambda text: Wrong({"description": text}, ["description: "])),
            TEXTS.map(lambda text: Wrong({"imds_support": f"{text}3"}, ["imds_support: ", named(f"{text}3")])),
        ]
    return st.one_of(ways)


# Options of a type that Ansible does not convert. It tells the first one only.

NO_NUMBER: Strategy = st.sampled_from(["soon", "", "1,000", "0x10", 1.5, [], [16], {}, None])
NO_BOOL: Strategy = st.sampled_from(["perhaps", "", 2, -1, [], {}, None])
# Ansible itself fails on a number in the place of a dictionary that has options of its own.
NO_DICT: Strategy = st.sampled_from([[], [[]], [{"user_ids": []}]])
NO_LIST: Strategy = st.sampled_from([{}, {"user_ids": []}])


def mistyped(**options: Strategy) -> Strategy:
    def given(name: str) -> Strategy:
        return options[name].map(lambda value: Wrong({name: value}, [name]))

    return st.one_of([given(name) for name in options])


def mistyped_task(sort: Sort) -> Strategy:
    permissions = [sort.permissions, f"revoke_{sort.permissions}"]
    inner = st.builds(
        lambda option, kind, value: Wrong({option: {kind: value}}, [kind]),
        st.sampled_from(permissions),
        st.sampled_from(sort.kinds),
        NO_LIST,
    )
    unknown = st.builds(
        lambda option, name: Wrong({option: {name: ["111122223333"]}}, [f"{option}.{name}"]),
        st.sampled_from(permissions),
        st.sampled_from(["user_id", "accounts", "userids", "purge"] + (["org_arns"] if sort is SNAPSHOT else [])),
    )
    return (
        inner
        | unknown
        | mistyped(
            **dict.fromkeys(permissions, NO_DICT),
            **{sort.ids: NO_LIST | st.none(), f"purge_{sort.permissions}": NO_BOOL},
            wait=NO_BOOL,
            wait_timeout=NO_NUMBER,
            concurrency=NO_NUMBER,
            descripton=TEXTS,
            state=TEXTS,
        )
    )


# Tasks of the module that reads.

DATES = {place: f"2026-0{number}-01T00:00:00.000Z" for number, place in enumerate(PLACES, 1)}
FILTERS: list[tuple[Json, t.Callable[[str], bool]]] = [
    ({}, lambda digits: True),
    ({"name": "golden-*"}, lambda digits: True),
    ({"name": ["golden-11111111", "golden-2222222?"]}, lambda digits: digits in ("11111111", "22222222")),
    ({"name": [["golden-11111111"], []]}, lambda digits: digits == "11111111"),
    ({"name": "golden-0123*", "is-public": False}, lambda digits: digits == "0123456789abcdef0"),
    ({"tag:Release": 11111111}, lambda digits: digits == "11111111"),
    ({"is-public": ["true", True]}, lambda digits: False),
    ({"name": "\u0661 \n\x1b'\"<&>"}, lambda digits: False),
]


@st.composite
def right_search(draw: st.DrawFn) -> Task:
    regions = draw(st.lists(st.sampled_from(["us-east-1", "eu-west-1", "us-west-2"]), max_size=4))
    filters, found = draw(st.sampled_from(FILTERS))
    newest = draw(st.none() | st.integers(1, 3) | st.integers(1, 10**30))
    places: list[tuple[str, str]] = []
    for region in sorted(set(regions or ["us-east-1"])):
        there = [place for place in PLACES if place[0] == region and found(place[1])]
        places += sorted(there, key=DATES.__getitem__, reverse=True)[:newest]
    options: Json = {"filters": draw(st.sampled_from([filters, json.dumps(filters)])), "newest": newest}
    options["regions"] = draw(st.sampled_from([regions, ",".join(regions)])) if regions else None
    options["owners"] = draw(st.sampled_from([None, ["self"], "self", ["123456789012", "amazon"], [123456789012]]))
    options["concurrency"] = draw(st.sampled_from([1, "2", 10**30]))
    return Task(places, {}, {name: value for name, value in options.items() if value is not None})


def right_query() -> Strategy:
    return right_search() | right_ids(AMI).map(lambda query: Task(query[0], {}, query[1]))


@st.composite
def wrong_query(draw: st.DrawFn) -> tuple[Json, list[str]]:
    numbers = [too_small("newest", 1), too_small("concurrency", 1)]
    search: Json = {"filters": {}, "owners": ["self"], "regions": ["us-east-1"], "newest": 1}
    beside = st.sampled_from(sorted(search)).map(
        lambda option: Wrong({option: search[option]}, [f"{option}: belongs to a search"])
    )
    value = st.sampled_from([None, {}, [None], [["x"], [{"a": "b"}]], {"name": "x"}])
    filters = value.map(lambda wrong: Wrong({"filters": {"name": wrong, "state": "x"}}, ["filters.name: "]))
    regions = WRONG_REGION.map(lambda region: Wrong({"regions": ["us-east-1", region]}, ["regions: ", named(region)]))
    region = WRONG_REGION.map(lambda region: Wrong({"region": region}, ["region: ", named(region)]))
    by_id = draw(st.booleans())
    options = draw(right_ids(AMI))[1] if by_id else {}
    ways = [wrong_ids(AMI), beside, numbers[1]] if by_id else [filters, regions | region, *numbers]
    words: list[str] = []
    for way in draw(st.lists(st.sampled_from(ways), unique_by=id, min_size=1)):
        wrong = draw(way)
        options = changed(options, wrong)
        words += wrong.words
    return options, words


MISTYPED_QUERY = mistyped(
    image_ids=NO_LIST,
    filters=st.sampled_from([5, 1.5, True, [], [{}]]),
    owners=NO_LIST,
    regions=NO_LIST,
    newest=NO_NUMBER.filter(lambda value: value is not None),
    concurrency=NO_NUMBER,
    names=TEXTS,
)


# Anything at all. Ansible itself fails on an infinite number in the place of an integer.

JSON: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
ONCE: Json = {"retries": {"total_max_attempts": 1}}
CONNECTION = {
    "region": JSON,
    "aws_region": JSON,
    "profile": JSON,
    "validate_certs": JSON,
    "aws_ca_bundle": JSON,
    "aws_config": st.sampled_from(
        [{"odd": 1}, {"retries": 5}, {"retries": {"mode": []}}, {"connect_timeout": "x"}, [], 5]
    ),
}


def anything(sort: Sort) -> Strategy:
    kinds = st.sampled_from([*KINDS, "organization_arns", "x"])
    entries = st.dictionaries(kinds, JSON | ACCOUNT, max_size=3) | TEXTS | NO_DICT
    right = right_ids(sort).map(lambda query: next(iter(query[1].values())))
    ids = (
        right
        | st.lists(JSON | wrong_id(sort) | st.dictionaries(st.sampled_from([sort.ids, sort.id, "region"]), JSON))
        | JSON
    )
    common = {sort.ids: ids, sort.id: ids, "concurrency": JSON, "wait": JSON, "wait_timeout": JSON}
    permissions = {f"{head}{sort.permissions}": entries for head in ("", "revoke_")}
    others = {f"purge_{sort.permissions}": JSON, "description": JSON, "imds_support": JSON}
    return st.fixed_dictionaries({}, optional={**common, **permissions, **others, **CONNECTION})


ANY_QUERY = st.fixed_dictionaries(
    {},
    optional={
        "image_ids": st.lists(JSON | wrong_id(AMI)) | JSON,
        "filters": st.dictionaries(st.sampled_from(["name", "state", "tag:A"]) | TEXTS, JSON) | JSON,
        "owners": JSON,
        "regions": JSON | st.lists(JSON),
        "newest": JSON,
        "concurrency": JSON,
        **CONNECTION,
    },
)


# What the tests are about.


def seed(ec2: LocalEC2, sort: Sort) -> None:
    ec2.reset()
    for number, place in enumerate(PLACES):
        region, digits = place
        held = {"user_ids": ["111122223333", "444455556666"][:number], "group_names": ["all"] if number == 9 else []}
        one = {sort.id: f"{sort.prefix}-{digits}", "region": region, sort.permissions: held}
        if sort is SNAPSHOT:
            ec2.seed_snapshots(one)
        else:
            about = {"name": f"golden-{digits}", "creation_date": DATES[place], "tags": {"Release": digits}}
            ec2.seed({**one, **about, "description": "old"})


DOCUMENTED = set(yaml.safe_load(ec2_ami_attribute_info.RETURN)["images"]["contains"])


def truth(ec2: LocalEC2, sort: Sort, place: tuple[str, str]) -> Json:
    region, digits = place
    held = (ec2.image if sort is AMI else ec2.snapshot)(f"{sort.prefix}-{digits}", region)
    assert held is not None
    return {**held, "description": held.get("description") or ""}


def expected(sort: Sort, before: Json, meant: Json) -> Json:
    """Return what the managed attributes are after a task."""
    after: Json = {option: meant[option] for option in ("description", "imds_support") if option in meant}
    granted, revoked = meant.get(sort.permissions), meant.get(f"revoke_{sort.permissions}")
    if granted is None and revoked is None:
        return after
    lists = {}
    for kind in sort.kinds:
        held = set() if meant.get("purge") else set(before[sort.permissions][kind])
        lists[kind] = sorted((held | set((granted or {}).get(kind, ()))) - set((revoked or {}).get(kind, ())))
    return {**after, sort.permissions: lists}


def assert_presented(result: Json, sort: Sort, places: list[tuple[str, str]]) -> None:
    """The shape of a result is as documented."""
    assert [(one["region"], one[sort.id]) for one in result[sort.key]] == [
        (region, f"{sort.prefix}-{digits}") for region, digits in places
    ]
    assert result["changed"] == any(one["changed"] for one in result[sort.key])
    assert len(result["diff"]) == sum(one["changed"] for one in result[sort.key])
    for one in result[sort.key]:
        assert set(one) == {sort.id, "region", "changed", "before", "after", "requests"}
        assert one["changed"] == (one["before"] != one["after"]) == bool(one["requests"])
        assert all(request["entries"] > 0 for request in one["requests"])


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.module)
@fuzz(30)
@given(data=st.data(), check=st.booleans())
def test_a_valid_task_does_what_it_says(
    ec2: LocalEC2, run_module: Run, sort: Sort, data: st.DataObject, check: bool
) -> None:
    places, meant, options = data.draw(right_task(sort))
    seed(ec2, sort)
    was = {place: truth(ec2, sort, place) for place in PLACES}
    result = run_module(sort.module, check=check, **options)
    assert not result["failed"], result["msg"]
    assert_presented(result, sort, places)
    for place, one in zip(places, result[sort.key], strict=True):
        after = expected(sort, was[place], meant)
        assert one["after"] == after
        assert one["before"] == {option: was[place][option] for option in after}
        assert {request["status"] for request in one["requests"]} <= {"authorized" if check else "applied"}
    for place in PLACES:
        now = truth(ec2, sort, place)
        assert now == {**was[place], **(expected(sort, was[place], meant) if place in places and not check else {})}


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.module)
@fuzz(100)
@given(data=st.data(), check=st.booleans())
def test_an_invalid_task_is_told_whole_and_sends_nothing(
    ec2: LocalEC2, run_module: Run, sort: Sort, data: st.DataObject, check: bool
) -> None:
    options, words = data.draw(wrong_task(sort))
    result = run_module(sort.module, check=check, **options)
    assert result["failed"]
    assert [word for word in words if word not in result["msg"]] == [], result["msg"]
    assert ec2.requests() == []


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.module)
@fuzz(30)
@given(data=st.data())
def test_an_option_of_another_type_is_named(ec2: LocalEC2, run_module: Run, sort: Sort, data: st.DataObject) -> None:
    wrong = data.draw(mistyped_task(sort))
    result = run_module(sort.module, **changed(data.draw(right_task(sort)).options, wrong))
    assert result["failed"]
    assert [word for word in wrong.words if word not in result["msg"]] == [], result["msg"]
    assert ec2.requests() == []


@fuzz(30)
@given(task=right_query(), check=st.booleans())
def test_a_valid_query_finds_what_it_says(ec2: LocalEC2, run_module: Run, task: Task, check: bool) -> None:
    seed(ec2, AMI)
    result = run_module(INFO, check=check, **task.options)
    assert not result["failed"], result["msg"]
    assert not result["changed"]
    assert [(image["region"], image["image_id"]) for image in result["images"]] == [
        (region, f"ami-{digits}") for region, digits in task.places
    ]
    assert all(set(image) == DOCUMENTED for image in result["images"])


@fuzz(100)
@given(query=wrong_query())
def test_an_invalid_query_is_told_whole_and_sends_nothing(
    ec2: LocalEC2, run_module: Run, query: tuple[Json, list[str]]
) -> None:
    options, words = query
    result = run_module(INFO, **options)
    assert result["failed"]
    assert [word for word in words if word not in result["msg"]] == [], result["msg"]
    assert ec2.requests() == []


@fuzz(30)
@given(task=right_query(), wrong=MISTYPED_QUERY)
def test_an_option_of_another_type_is_named_by_a_query(
    ec2: LocalEC2, run_module: Run, task: Task, wrong: Wrong
) -> None:
    result = run_module(INFO, **changed(task.options, wrong))
    assert result["failed"]
    assert [word for word in wrong.words if word not in result["msg"]] == [], result["msg"]
    assert ec2.requests() == []


@pytest.mark.parametrize("module", [AMI.module, SNAPSHOT.module, INFO])
@fuzz(60)
@given(data=st.data())
def test_anything_ends_in_a_result(ec2: LocalEC2, run_module: Run, module: str, data: st.DataObject) -> None:
    sort = SNAPSHOT if module == SNAPSHOT.module else AMI
    options = data.draw(ANY_QUERY if module == INFO else anything(sort))
    seed(ec2, sort)
    result = run_module(module, **{"aws_config": ONCE, **options})
    assert "exception" not in result
    if result["failed"]:
        assert result["msg"].strip()
        assert [request for request in ec2.requests() if request["action"].startswith("Modify")] == []
    else:
        assert isinstance(result[sort.key], list)


# Credentials.

SECRET = "Sq8wJalrXUtnFEMIK7MDENG"
AROUND = TEXTS | st.sampled_from(["", " ", "\n", "\r\n", "'", '"', "\\", "/", "@", "%", "é"])
CREDENTIALS = {
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}
BASIC: dict[str, Json] = {
    AMI.module: {"image_ids": ["ami-11111111"], "description": "d"},
    SNAPSHOT.module: {"snapshot_ids": ["snap-11111111"], "create_volume_permissions": {}},
    INFO: {"filters": {}},
}


def told(result: Json) -> str:
    """Return all that the module says. Some versions of Ansible add its arguments, as far as they are not secret."""
    return str({key: value for key, value in result.items() if key != "invocation"})


@fuzz(40)
@given(
    module=st.sampled_from(sorted(BASIC)),
    name=st.sampled_from(sorted(CREDENTIALS)),
    head=AROUND,
    tail=AROUND,
    by_option=st.booleans(),
    more=st.sampled_from([{}, {}, {"concurrency": 0}, {"state": "present"}]),
)
def test_an_odd_credential_is_never_shown(
    ec2: LocalEC2, run_module: Run, module: str, name: str, head: str, tail: str, by_option: bool, more: Json
) -> None:
    secret = f"{head}{SECRET}{tail}"
    ec2.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CREDENTIALS[name], "x" if by_option else secret)
        options = {**BASIC[module], **more, **({name: secret} if by_option else {})}
        result = run_module(module, **options, aws_config=ONCE)
    assert SECRET not in told(result)
    if by_option and not re.fullmatch("[!-~]*", secret):
        assert result["failed"]
        assert ec2.requests() == []


@fuzz(40)
@given(
    module=st.sampled_from(sorted(BASIC)),
    scheme=st.sampled_from(["http://", "https://", "", "//", "http:", "http:///"]),
    head=AROUND,
    tail=AROUND,
)
def test_a_password_in_an_endpoint_is_never_shown(
    ec2: LocalEC2, run_module: Run, module: str, scheme: str, head: str, tail: str
) -> None:
    endpoint = f"{scheme}somebody:{head}{SECRET}{tail}@127.0.0.1:9/"
    result = run_module(module, **BASIC[module], aws_config=ONCE, endpoint_url=endpoint)
    assert result["failed"]
    assert SECRET not in told(result)
