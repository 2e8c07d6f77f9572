# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the fuzz tests share: their settings, principals that are right, and texts that are nearly right.

What is valid is known from how it was made, and never from parsing it. Random examples are the same in every run. To
search further, at random, with FUZZ times as many: FUZZ=50 make unit ARGS='-k test_fuzz'
"""

from __future__ import annotations

import os
import typing as t

from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import settings
from hypothesis import strategies as st

FUZZ = int(os.environ.get("FUZZ", "0"))
Json = dict[str, t.Any]
Strategy = st.SearchStrategy[t.Any]


def fuzz(examples: int, *, shrink: bool = True) -> settings:
    """Return settings for so many examples: the first is always the simplest one, and only the others are random."""
    return settings(
        max_examples=examples * max(FUZZ, 1),
        derandomize=not FUZZ,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# Ansible itself fails to log a NUL, and a surrogate that stands alone in an option.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)

# Principals, by the forms of the AWS Organizations API.

SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"
ACCOUNT = st.integers(0, 10**12 - 1).map("{:012}".format) | st.sampled_from(["111122223333", "000000000000"])
_HEAD = st.builds(
    "arn:{}:organizations::{}:".format, st.sampled_from(["aws", "aws-cn", "aws-us-gov", "aws-iso-b"]), ACCOUNT
)
_ORG_ID = st.text(SMALL, min_size=10, max_size=32)
ORG = st.builds("{}organization/o-{}".format, _HEAD, _ORG_ID)
OU = st.builds(
    "{}ou/o-{}/ou-{}-{}".format,
    _HEAD,
    _ORG_ID,
    st.text(SMALL, min_size=4, max_size=32),
    st.text(SMALL, min_size=8, max_size=32),
)

# Of each kind the shortest form and the longest one. Whatever is one character shorter or longer is wrong.
_AWS = "arn:aws:organizations::123456789012:"
_ORG = f"{_AWS}organization/o-"
_OU = f"{_AWS}ou/o-"
_MOST = "z9" * 16
SHORTEST = {
    "user_ids": "111122223333",
    "org_arns": f"{_ORG}a1b2c3d4e5",
    "org_unit_arns": f"{_OU}a1b2c3d4e5/ou-ab12-c3d4e5f6",
}
LONGEST = {
    "user_ids": "000000000000",
    "org_arns": f"{_ORG}{_MOST}",
    "org_unit_arns": f"{_OU}{_MOST}/ou-{_MOST}-{_MOST}",
}
_TOO_LONG = {
    "user_ids": ["0000000000000"],
    "org_arns": [f"{_ORG}{_MOST}0"],
    "org_unit_arns": [
        f"{_OU}{_MOST}0/ou-{_MOST}-{_MOST}",
        f"{_OU}{_MOST}/ou-{_MOST}0-{_MOST}",
        f"{_OU}{_MOST}/ou-{_MOST}-{_MOST}0",
    ],
}
_WRONG_HEADS = [
    "arn:aws2:organizations::123456789012:",
    "arn:gcp:organizations::123456789012:",
    "arn::organizations::123456789012:",
    "arn:aws:iam::123456789012:",
    "arn:aws:organizations:us-east-1:123456789012:",
    "arn:aws:organizations:::",
    "arn:aws:organizations::12345678901a:",
    "arn:aws:organizations::1234567890123:",
    "xarn:aws:organizations::123456789012:",
]
NO_PRINCIPALS = [
    "",
    "o-abcdefghij",
    "ou-ab12-cdefghij",
    "1111-2222-3333",
    "11112222333a",
    "arn:aws:iam::111122223333:root",
    "arn:aws:organizations::123456789012:account/o-abcdefghij/111122223333",
    "arn:aws:organizations::123456789012:root/o-abcdefghij/r-ab12",
    "arn:aws:organizations::123456789012:ou/ou-ab12-cdefghij",
    "arn:aws:organizations::123456789012:ou/o-abcdefghij",
    "arn:aws:organizations::123456789012:organization/o-abcdefghij/111122223333",
    "ARN:AWS:ORGANIZATIONS::123456789012:ORGANIZATION/O-ABCDEFGHIJ",
]

# Texts that are wrong, and look like right ones.

# In no id, account id, ARN or name of a Region, wherever it stands.
ODD = (*" \n\t\r\x1b\x7f_Z!'\"\\{}é\u0661\uff11\u200b\u2028", "{{ 1 }}", "{% if %}", "😀")
ZEROS = ("\u0660", "\u06f0", "\uff10", "\U0001d7ce")  # of the Arabic, Persian, full-width and bold digits


def in_other_digits(text: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(character)) if character in "0123456789" else character for character in text)


def spoilt(text: str, odd: str, *, at_ends: bool = True) -> list[str]:
    """Return the text with what is odd in each of its places, and in place of each of its characters.

    Outer spaces are nothing odd.
    """
    ends = 0 if at_ends and odd != " " else 1
    between = [f"{text[:place]}{odd}{text[place:]}" for place in range(ends, len(text) + 1 - ends)]
    ends = 1 if odd == " " else 0
    return between + [f"{text[:place]}{odd}{text[place + 1 :]}" for place in range(ends, len(text) - ends)]


def near_misses(text: str, *, at_ends: bool = True) -> list[list[str]]:
    """Return what a right text, of which no character can be spared, may be mistaken for: a list for each way."""
    places = range(len(text))
    ways = [
        *(spoilt(text, odd, at_ends=at_ends) for odd in ODD),
        [in_other_digits(text, zero) for zero in ZEROS],
        [f"{text[:place]}{text[place + 1 :]}" for place in places],
        [f"{text[:place]}{text[place].upper()}{text[place + 1 :]}" for place in places],
        [text.replace(_AWS, head) for head in _WRONG_HEADS],
    ]
    others = [[miss for miss in way if miss != text] for way in ways]
    return [way for way in others if way]


NEAR = {kind: [*near_misses(text), _TOO_LONG[kind]] for kind, text in SHORTEST.items()}


@st.composite
def near(draw: st.DrawFn, right: Strategy, *, at_ends: bool = True) -> str:
    """Return a near miss of any right text."""
    text, odd = draw(right), draw(st.sampled_from(ODD))
    others = [in_other_digits(text, zero) for zero in ZEROS]
    return draw(st.sampled_from([miss for miss in [*spoilt(text, odd, at_ends=at_ends), *others] if miss != text]))
