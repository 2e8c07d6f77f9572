# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Arguments through the parser of each module, over HTTP: laws that hold whatever a task says.

Each way to be wrong that is known goes through each option that it applies to, and beside it go random tasks.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import typing as t
from collections import Counter

import pytest
import yaml
from botocore.loaders import JSONFileLoader
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import ACCOUNT
from unit.fuzz import LONGEST
from unit.fuzz import NEAR
from unit.fuzz import NO_PRINCIPALS
from unit.fuzz import ODD
from unit.fuzz import ORG
from unit.fuzz import OU
from unit.fuzz import SHORTEST
from unit.fuzz import TEXTS
from unit.fuzz import Json
from unit.fuzz import Strategy
from unit.fuzz import fuzz
from unit.fuzz import near
from unit.fuzz import near_misses
from unit.fuzz import spoilt

from ansible_collections.amikit.aws.plugins.modules import ec2_ami_attribute_info
from local_ec2.client import LocalEC2

# An id that EC2 does not know is looked for again for 15 seconds.
pytestmark = pytest.mark.usefixtures("clock")

Run = t.Callable[..., Json]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the model of EC2 once: botocore reads it for every client, which is most of the time of a module."""
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _loader, path: _read_once(path))


_read_once = functools.cache(JSONFileLoader().load_file)


# Texts. Whatever is built around a hyphen, a colon or a slash is not in a text without them.

WORDLESS = st.text(st.characters(codec="utf-8", exclude_characters="\x00-:/,"), max_size=12)
LONG = ["x" * 5_000, "\u0661" * 5_000, "1" * 5_000]


def named(value: t.Any) -> str:
    """Return how the message names a value: as Python writes it, and cut when it is long."""
    text = str(value).strip()
    return repr(re.split("['\"]", text)[0][:20])[1:-1]


# Principals.

Ways = list[list[t.Any]]
NUMBERS = (
    st.integers(-(10**11) + 1, 10**11 - 1)  # a leading zero is lost
    | st.integers(10**12, 10**40)
    | st.floats()
)
NOT_TEXT = [
    *[0, -1, 1, 11122223333, 10**11 - 1, -11122223333, 10**12, 10**40],
    *[0.5, -0.0, 1e11, 111122223333.0, float("nan"), float("inf"), True, False],
    *[[], {}, ["111122223333"], {"user_ids": "111122223333"}, [[["all"]]]],
]
# Of each kind, lists of what is wrong: one for each way to be so.
WRONG_ENTRIES: dict[str, Ways] = {
    "user_ids": [
        *NEAR["user_ids"],
        NO_PRINCIPALS,
        ["1" * size for size in (1, 10, 11, 13, 24)],
        [SHORTEST["org_arns"]],
    ],
    "group_names": [
        *(spoilt("all", odd) for odd in ODD),
        ["ALL", "All", "al", "alll", "", "everyone", "*", "aal", "\u0430ll"],
        [SHORTEST["user_ids"], SHORTEST["org_arns"]],
    ],
    "org_arns": [*NEAR["org_arns"], NO_PRINCIPALS, [SHORTEST["org_unit_arns"], SHORTEST["user_ids"], "all"]],
    "org_unit_arns": [*NEAR["org_unit_arns"], NO_PRINCIPALS, [SHORTEST["org_arns"], SHORTEST["user_ids"], "all"]],
}
for ways in WRONG_ENTRIES.values():
    ways += [["\ud800", *LONG], NOT_TEXT]
# Of each kind: the option with its aliases, right entries, and wrong ones.
KINDS: dict[str, tuple[list[str], Strategy, Strategy]] = {
    "user_ids": (["user_ids"], ACCOUNT, near(ACCOUNT) | ORG | WORDLESS.map("x{}".format)),
    "group_names": (["group_names"], st.just("all"), near(st.just("all")) | ACCOUNT | WORDLESS.map("x{}".format)),
    "org_arns": (["org_arns", "organization_arns"], ORG, near(ORG) | OU | ACCOUNT | WORDLESS),
    "org_unit_arns": (["org_unit_arns", "organizational_unit_arns"], OU, near(OU) | ORG | ACCOUNT | WORDLESS),
}


def wrong_entry(kind: str) -> Strategy:
    known = list(itertools.chain(*WRONG_ENTRIES[kind]))
    return KINDS[kind][2] | st.sampled_from(known) | NUMBERS


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
    """What makes a task wrong: options, None for one that is left out, and the words that the message has for it.

    A word that is there twice is twice in the message.
    """

    options: Json
    words: list[str]


def words_of(option: str, values: list[t.Any]) -> list[str]:
    """Return the words of a message that names the option and a value for each of the values."""
    return [f"\n{option}: "] * len(values) + [named(value) for value in values if not isinstance(value, dict)]


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


def known_wrong_ids(sort: Sort) -> Ways:
    """Return lists of what is no id: one for each way to be so."""
    short, long = f"{sort.prefix}-0a1b2c3d", f"{sort.prefix}-0123456789abcdef0"
    others = [
        *[f"{sort.prefix}-{digits}" for digits in ("", "0a1b2c3d0", "0123456789abcdef00", "0123456789abcdef")],
        *[f"{text[:-1]}g" for text in (short, long)],
        *[f"x{text}" for text in (short, long)],
        f"{sort.prefix.upper()}-11111111",
        "i-0123456789abcdef0",
        "vol-11111111",
        f":{sort.prefix}-11111111",
        f"::{sort.prefix}-11111111",
        f"virginia:{sort.prefix}-11111111",
        f"us-east:{sort.prefix}-11111111",
        f"us-east-1:us-east-1:{sort.prefix}-11111111",
        f"US-EAST-1:{sort.prefix}-11111111",
        f"us-{'x' * 64}-1:{sort.prefix}-11111111",
        f"arn:aws:ec2:us-east-1::image/{sort.prefix}-11111111",
        f"{sort.prefix}-11111111;{sort.prefix}-11111111",
        {"region": "us-east-1"},
        {"ImageId": f"{sort.prefix}-11111111"},
        {"region": 5, sort.id: f"{sort.prefix}-11111111"},
    ]
    near_ones = [*near_misses(short, at_ends=False), *near_misses(long, at_ends=False)]
    no_text = [value for value in NOT_TEXT if not isinstance(value, (list, dict))]
    in_a_region = [spoilt(f"us-east-1:{short}", odd, at_ends=False) for odd in ODD]
    regions = [f"{region}:{short}" for region in WRONG_REGIONS if "," not in region]
    return [*near_ones, *in_a_region, regions, others, [*no_text, None], ["\ud800", *LONG]]


def wrong_id(sort: Sort) -> Strategy:
    right = st.sampled_from([f"{sort.prefix}-0123456789abcdef0", f"us-east-1:{sort.prefix}-11111111"])
    other_length = st.text("0123456789abcdef", max_size=40).filter(lambda text: len(text) not in (8, 17))
    return (
        near(right, at_ends=False)
        | other_length.map(f"{sort.prefix}-{{}}".format)
        | st.sampled_from(list(itertools.chain(*known_wrong_ids(sort))))
        | st.integers(-(10**40), 10**40)
        | st.floats()
        | WORDLESS
    )


@st.composite
def wrong_ids(draw: st.DrawFn, sort: Sort) -> Wrong:
    value = draw(wrong_id(sort))
    _places, right = draw(right_ids(sort))
    others = next(iter(right.values()))
    ids = others if isinstance(others, list) else [others]
    ids.insert(draw(st.integers(0, len(ids))), draw(st.sampled_from([value, [value], [[value]]])))
    return Wrong({draw(st.sampled_from([sort.ids, sort.id])): ids}, words_of(sort.ids, [value]))


def each_wrong_id(sort: Sort) -> t.Iterator[Wrong]:
    """Wrong ids as each option takes them: alone, in a list, and as a result of the modules of this collection."""
    for option, way in itertools.product([sort.ids, sort.id], known_wrong_ids(sort)):
        results: list[t.Any] = [
            result for one in way for result in ({sort.id: one}, {"region": "us-east-1", sort.id: one})
        ]
        yield Wrong({option: [*way, [way], *results]}, words_of(sort.ids, [*way, *way, *results]))


# Each is no part of a host name, which botocore makes of a Region.
WRONG_REGIONS = [
    *spoilt("us-east-1", "_"),
    *spoilt("us-east-1", "\uff11"),
    *[f"us-east-1{odd}" for odd in ODD if odd != "Z"],
    *[
        "us east",
        "../x",
        "-",
        "-x",
        "us-east-1-",
        "x" * 64,
        "us-east-1,eu-west-1",
        "é",
        "1",
        "12",
        "us.east",
        "a/b",
        "a:1",
    ],
]
WRONG_REGION = st.sampled_from(WRONG_REGIONS) | WORDLESS.map("us-{}!".format)


def no_region(region: str) -> Wrong:
    return Wrong({"region": region}, ["\nregion: ", named(region)])


def wrong_region(sort: Sort) -> Strategy:
    ids = {sort.ids: [f"{sort.prefix}-11111111"]}
    return WRONG_REGION.map(no_region).map(lambda wrong: Wrong({**wrong.options, **ids}, wrong.words))


def each_wrong_region() -> t.Iterator[Wrong]:
    return map(no_region, WRONG_REGIONS)


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
        names, right, _wrong = KINDS[kind]
        bad = draw(st.lists(wrong_entry(kind), min_size=1, max_size=3))
        value[draw(st.sampled_from(names))] = [*draw(st.lists(right, max_size=2)), *bad]
        words += words_of(f"{option}.{kind}", bad)
    return Wrong({option: value}, words)


def each_wrong_entry(sort: Sort) -> t.Iterator[Wrong]:
    """Wrong entries of all kinds at once, granted and revoked, by the names of the kinds and by their aliases."""
    options = [sort.permissions, f"revoke_{sort.permissions}"]
    every = itertools.zip_longest(*(WRONG_ENTRIES[kind] for kind in sort.kinds), fillvalue=[])
    for which, ways in itertools.product((0, -1), every):
        bad = dict(zip(sort.kinds, ways, strict=True))
        words = [words_of(f"{option}.{kind}", way) for option in options for kind, way in bad.items()]
        entries = {KINDS[kind][0][which]: way for kind, way in bad.items()}
        yield Wrong(dict.fromkeys(options, entries), list(itertools.chain(*words)))


# Texts and numbers.

RIGHT_DESCRIPTION = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=255).map(str.strip)
WRONG_DESCRIPTIONS = [
    "a\nb",
    "a\n",
    "\t",
    "a\tb",
    "\x1f",
    "\x7f",
    "é",
    "a — b",
    "\uff11",
    " a",
    "a ",
    " ",
    "x" * 256,
    "x" * 100_000,
]
WRONG_DESCRIPTION: Strategy = (
    st.text(st.characters(codec="utf-8", min_codepoint=127), min_size=1, max_size=9)
    | RIGHT_DESCRIPTION.map(lambda text: f"{text} ")
    | RIGHT_DESCRIPTION.map(lambda text: f" {text}"[:255])
    | st.sampled_from(WRONG_DESCRIPTIONS)
)
WRONG_IMDS = [
    *spoilt("v2.0", "_"),
    *spoilt("v2.0", "\n"),
    "",
    "v1.0",
    "V2.0",
    "2.0",
    "v2",
    "v2.00",
    "v\u0662.0",
    "v2x0",
]
RIGHT_BOOL: Strategy = st.sampled_from([True, False, "yes", "no", "true", "False", "on", "off", 1, 0, "1", "0", 1.0])


def whole(least: int) -> Strategy:
    numbers = st.integers(least, 10**30)
    return numbers | numbers.map(str)


def less(option: str, least: int, number: t.Any) -> Wrong:
    return Wrong({option: number}, [f"\n{option}: {number} is less than {least}"])


def too_small(option: str, least: int) -> Strategy:
    numbers = st.integers(-(10**30), least - 1)
    return (numbers | numbers.map(str)).map(lambda number: less(option, least, number))


def each_too_small(**leasts: int) -> t.Iterator[Wrong]:
    for option, least in leasts.items():
        yield from (less(option, least, number) for number in (least - 1, str(least - 1), -(10**30)))


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
        # An empty one is refused where there is another: that has a test of its own.
        meant |= {"description": draw(RIGHT_DESCRIPTION.filter(bool)), "imds_support": "v2.0"}
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
    grant, revoke = sort.permissions, f"revoke_{sort.permissions}"
    both = ACCOUNT.map(lambda account: granted_and_revoked(sort, "user_ids", account))
    ways = [wrong_entries(sort, grant), wrong_entries(sort, revoke), both, st.sampled_from(empty_wishes(sort))]
    if sort is AMI:
        ways += [
            WRONG_DESCRIPTION.map(wrong_description),
            TEXTS.map(lambda text: wrong_imds(f"{text}3")) | st.sampled_from(WRONG_IMDS).map(wrong_imds),
        ]
    return st.one_of(ways)


def granted_and_revoked(sort: Sort, kind: str, entry: str) -> Wrong:
    options = [sort.permissions, f"revoke_{sort.permissions}"]
    return Wrong({option: {kind: [entry]} for option in options}, [named(entry), f"both {options[0]} and {options[1]}"])


def empty_wishes(sort: Sort) -> list[Wrong]:
    grant, revoke, purge = sort.permissions, f"revoke_{sort.permissions}", f"purge_{sort.permissions}"
    nothing = {grant: None, revoke: None, purge: False, "description": None, "imds_support": None}
    nothing = {option: value for option, value in nothing.items() if sort is AMI or option in (grant, revoke, purge)}
    return [
        Wrong({grant: None, purge: True}, [f"\n{purge}: needs {grant}"]),
        Wrong({grant: None, purge: True, revoke: {"user_ids": []}}, [f"\n{purge}: needs {grant}"]),
        Wrong(nothing, ["no attribute is asked for", grant]),
    ]


def wrong_description(text: str) -> Wrong:
    return Wrong({"description": text}, ["\ndescription: "])


def wrong_imds(text: str) -> Wrong:
    return Wrong({"imds_support": text}, ["\nimds_support: ", named(text)])


def each_wrong_wish(sort: Sort) -> t.Iterator[Wrong]:
    yield from empty_wishes(sort)
    yield from (granted_and_revoked(sort, kind, {**LONGEST, "group_names": "all"}[kind]) for kind in sort.kinds)
    if sort is AMI:
        yield from map(wrong_description, WRONG_DESCRIPTIONS)
        yield from map(wrong_imds, WRONG_IMDS)


# Options of a type that Ansible does not convert. It tells the first one only.

NO_NUMBER = ["soon", "", "1,000", "0x10", "\u0661x", 1.5, [], [16], {}, None]
NO_BOOL = ["perhaps", "", 2, -1, [], {}, None]
# Ansible itself fails on a number in the place of a dictionary that has options of its own.
NO_DICT = [[], [[]], [{"user_ids": []}]]
NO_LIST: list[t.Any] = [{}, {"user_ids": []}]
UNKNOWN = ["", "present", ["x"], None]


def mistyped(**options: list[t.Any]) -> list[Wrong]:
    return [Wrong({name: value}, [name]) for name, values in options.items() for value in values]


def mistyped_task(sort: Sort) -> list[Wrong]:
    permissions = [sort.permissions, f"revoke_{sort.permissions}"]
    unknown = ["user_id", "accounts", "userids", "purge", *(["org_arns"] if sort is SNAPSHOT else [])]
    return [
        *(
            Wrong({option: {kind: value}}, [kind])
            for option, kind, value in itertools.product(permissions, sort.kinds, NO_LIST)
        ),
        *(
            Wrong({option: {name: ["111122223333"]}}, [f"{option}.{name}"])
            for option, name in itertools.product(permissions, unknown)
        ),
        *mistyped(
            **dict.fromkeys(permissions, NO_DICT),
            **{sort.ids: [*NO_LIST, None], f"purge_{sort.permissions}": NO_BOOL},
            wait=NO_BOOL,
            wait_timeout=NO_NUMBER,
            concurrency=NO_NUMBER,
            descripton=UNKNOWN,
            state=UNKNOWN,
        ),
    ]


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


SEARCH: Json = {"filters": {}, "owners": ["self"], "regions": ["us-east-1"], "newest": 1}
WRONG_FILTERS: list[t.Any] = [None, [], {}, [None], [["x"], [{"a": "b"}]], {"name": "x"}]


def beside_ids(option: str) -> Wrong:
    return Wrong({option: SEARCH[option]}, [f"\n{option}: belongs to a search"])


def wrong_filter(value: t.Any) -> Wrong:
    return Wrong({"filters": {"name": value, "state": "x"}}, ["\nfilters.name: "])


def wrong_regions(*regions: str) -> Wrong:
    return Wrong({"regions": ["us-east-1", *regions]}, words_of("regions", list(regions)))


@st.composite
def wrong_query(draw: st.DrawFn) -> tuple[Json, list[str]]:
    numbers = [too_small("newest", 1), too_small("concurrency", 1)]
    beside = st.sampled_from(list(map(beside_ids, SEARCH)))
    filters = st.sampled_from(list(map(wrong_filter, WRONG_FILTERS)))
    regions = WRONG_REGION.map(wrong_regions)
    region = WRONG_REGION.map(no_region)
    by_id = draw(st.booleans())
    options = draw(right_ids(AMI))[1] if by_id else {}
    ways = [wrong_ids(AMI), beside, numbers[1]] if by_id else [filters, regions | region, *numbers]
    words: list[str] = []
    for way in draw(st.lists(st.sampled_from(ways), unique_by=id, min_size=1)):
        wrong = draw(way)
        options = changed(options, wrong)
        words += wrong.words
    return options, words


def each_wrong_search() -> t.Iterator[Wrong]:
    yield from each_too_small(newest=1, concurrency=1)
    yield from map(wrong_filter, WRONG_FILTERS)
    yield from each_wrong_region()
    yield wrong_regions(*WRONG_REGIONS)


def each_wrong_query_by_id() -> t.Iterator[Wrong]:
    yield from each_too_small(concurrency=1)
    yield from map(beside_ids, SEARCH)
    yield from each_wrong_region()
    yield from each_wrong_id(AMI)


MISTYPED_QUERY = mistyped(
    image_ids=NO_LIST,
    filters=[5, 1.5, True, [], [{}]],
    owners=NO_LIST,
    regions=NO_LIST,
    newest=[value for value in NO_NUMBER if value is not None],
    concurrency=NO_NUMBER,
    names=UNKNOWN,
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
    entries = st.dictionaries(kinds, JSON | ACCOUNT, max_size=3) | TEXTS | st.sampled_from(NO_DICT)
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
        held = {"user_ids": ["111122223333", "444455556666"][:number], "group_names": []}
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
        assert set(one) == {sort.id, "region", "name", "changed", "granted", "revoked", "before", "after", "requests"}
        assert one["changed"] == (one["before"] != one["after"]) == bool(one["requests"])
        assert all(request["entries"] > 0 for request in one["requests"])


def assert_told(ec2: LocalEC2, result: Json, words: list[str]) -> None:
    """All that is wrong is told, and nothing was sent."""
    assert result["failed"], words
    missing = [word for word, times in Counter(words).items() if result["msg"].count(word) < times]
    assert missing == [], result["msg"]
    assert ec2.requests() == []


BASIC: dict[str, Json] = {
    AMI.module: {"image_ids": ["ami-11111111"], "description": "d"},
    SNAPSHOT.module: {"snapshot_ids": ["snap-11111111"], "create_volume_permissions": {}},
    INFO: {"filters": {}},
}
# Of each module that modifies, tasks that are wrong in one way, by what is wrong.
EACH_WRONG_TASK: dict[str, t.Callable[[Sort], t.Iterable[Wrong]]] = {
    "ids": each_wrong_id,
    "region": lambda _sort: each_wrong_region(),
    "entries": each_wrong_entry,
    "numbers": lambda _sort: each_too_small(wait_timeout=0, concurrency=1),
    "wishes": each_wrong_wish,
    "types": mistyped_task,
}
EACH_WRONG_QUERY: list[tuple[Json, t.Callable[[], t.Iterable[Wrong]]]] = [
    ({"image_ids": ["ami-11111111"]}, each_wrong_query_by_id),
    ({"filters": {}}, each_wrong_search),
    ({}, lambda: MISTYPED_QUERY),
]


@pytest.mark.parametrize("what", EACH_WRONG_TASK)
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.module)
def test_each_way_to_be_wrong_is_told(ec2: LocalEC2, run_module: Run, sort: Sort, what: str) -> None:
    for wrong in EACH_WRONG_TASK[what](sort):
        assert_told(ec2, run_module(sort.module, **changed(BASIC[sort.module], wrong)), wrong.words)


@pytest.mark.parametrize(("options", "each"), EACH_WRONG_QUERY, ids=["by id", "search", "types"])
def test_each_way_of_a_query_to_be_wrong_is_told(
    ec2: LocalEC2, run_module: Run, options: Json, each: t.Callable[[], t.Iterable[Wrong]]
) -> None:
    for wrong in each():
        assert_told(ec2, run_module(INFO, **changed(options, wrong)), wrong.words)


@pytest.mark.parametrize("forms", [SHORTEST, LONGEST], ids=["shortest", "longest"])
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.module)
def test_each_form_of_a_principal_is_taken(ec2: LocalEC2, run_module: Run, sort: Sort, forms: dict[str, str]) -> None:
    seed(ec2, sort)
    entries = {kind: [{**forms, "group_names": "all"}[kind]] for kind in sort.kinds}
    result = run_module(sort.module, **{sort.ids: [f"{sort.prefix}-11111111"], sort.permissions: entries})
    assert not result["failed"], result["msg"]
    held = truth(ec2, sort, ("us-east-1", "11111111"))[sort.permissions]
    assert [kind for kind, (entry,) in entries.items() if entry not in held[kind]] == []


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
    assert_told(ec2, result, words)


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.module)
@fuzz(30)
@given(data=st.data())
def test_an_option_of_another_type_is_named(ec2: LocalEC2, run_module: Run, sort: Sort, data: st.DataObject) -> None:
    wrong = data.draw(st.sampled_from(mistyped_task(sort)))
    result = run_module(sort.module, **changed(data.draw(right_task(sort)).options, wrong))
    assert_told(ec2, result, wrong.words)


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
    assert_told(ec2, result, words)


@fuzz(30)
@given(task=right_query(), wrong=st.sampled_from(MISTYPED_QUERY))
def test_an_option_of_another_type_is_named_by_a_query(
    ec2: LocalEC2, run_module: Run, task: Task, wrong: Wrong
) -> None:
    result = run_module(INFO, **changed(task.options, wrong))
    assert_told(ec2, result, wrong.words)


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
