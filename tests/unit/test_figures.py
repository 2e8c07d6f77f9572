# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The figures of the documentation are those of bench/RESULTS.md, rounded to as many digits as are shown."""

from __future__ import annotations

import re
import typing as t

import pytest
from unit.documentation import GUIDES
from unit.documentation import README
from unit.documentation import ROOT
from unit.documentation import chapters
from unit.documentation import tables

RESULTS = chapters((ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8"))
FIGURES = chapters(README)["Figures"]
NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
CORES = {"2": "two", "4": "four", "8": "eight"}
NOT_MEASURED = ""

# By the first cells of the tables in the README: the contestants.
CONTESTANTS = {
    "ec2_ami_attribute, in one task": "amikit.aws.ec2_ami_attribute",
    "amazon.aws.ec2_ami, in a loop": "amazon.aws.ec2_ami in a loop",
    "boto3 alone, 16 threads, without verifying": "boto3, 16 threads",
    "the role ami_sharing": "amikit.aws.ami_sharing, the role",
    "ec2_ami_sharing, in one task": "amikit.aws.ec2_ami_sharing",
    "boto3 alone, 16 threads, verifying": "boto3, 16 threads, verifying",
    "Cloud Custodian, images only, without reading or verifying": "Cloud Custodian, images only",
    "an empty playbook": "an empty playbook",
}

Record = dict[str, str]


def records(section: str) -> list[Record]:
    """Return the rows of a section of the results, by column."""
    ((head, *rows),) = tables(RESULTS[section])
    return [dict(zip(head, row, strict=True)) for row in rows]


def facts(section: str, column: str) -> dict[str, str]:
    """Return a column of a table, by the first cells."""
    return {next(iter(record.values())): record[column] for record in records(section)}


def number(text: str) -> float:
    return float(re.findall(NUMBER, text)[0].replace(",", ""))


def total(requests: str) -> float:
    """Return how many requests these are, such as "1 DescribeImages; 2 DescribeImageAttribute"."""
    first, *_others = requests.split(" or ")
    return sum(int(count) for count in re.findall(r"\d+(?= [A-Z])", first))


def agree(shown: str, measured: float | None) -> bool:
    """Tell whether a figure is the measured one, rounded. One in minutes was measured in seconds."""
    if measured is None:
        return shown == NOT_MEASURED
    if shown == NOT_MEASURED:
        return False
    decimals = len(re.findall(NUMBER, shown)[0].partition(".")[2])
    exact = measured / 60 if shown.endswith(" min") else measured
    return abs(number(shown) - exact) <= 0.5 * 10.0**-decimals + 1e-9


def others(where: str, shown: t.Iterable[str], measured: t.Iterable[float | None]) -> list[str]:
    """Return a line for each figure that is not the measured one."""
    pairs = zip(shown, measured, strict=True)
    return [f"{where}: {each!r}, measured: {exact}" for each, exact in pairs if not agree(each, exact)]


def pattern(sentence: str) -> str:
    """Return a regular expression for a sentence, in which each figure is written as #."""
    return re.escape(sentence).replace(r"\ ", r"\s+").replace(r"\#", NUMBER)


def wrong(text: str, sentences: dict[str, list[float]]) -> list[str]:
    """Return a line for each sentence that is not there, and for each figure that is not the measured one."""
    found = {sentence: re.search(pattern(sentence), text) for sentence in sentences}
    missing = [f"{sentence}: no such sentence" for sentence, match in found.items() if not match]
    return missing + [
        line
        for sentence, match in found.items()
        if match
        for line in others(sentence, match.groups(), sentences[sentence])
    ]


def machine() -> tuple[str, str, str]:
    """Return the date of the results, how many cores they were measured on, and the Python."""
    circumstances = facts("Measured with", "which")
    (cores,) = re.findall(r"(\d+) cores", circumstances["processor"])
    return circumstances["date"], CORES[cores], circumstances["Python"].rpartition(".")[0]


def contestant(section: str, name: str, column: str) -> float | None:
    """Return what a column of the README is about: seconds, or the requests for so many images."""
    case = "no change" if "nothing to change" in column else "change"
    sought = [f"{number(column):.0f}", case, CONTESTANTS[name]]
    for record in records(section):
        if [record["images"], record["case"], record["contestant"]] == sought:
            return total(record["requests"]) if column.startswith("requests") else float(record["seconds"])
    return None


@pytest.mark.parametrize(("table", "section"), [(0, "Side by side"), (1, "Sharing by policies")])
def test_the_tables_of_the_readme(table: int, section: str) -> None:
    (_what, *columns), *rows = tables(FIGURES)[table]
    found = [
        line
        for name, *cells in rows
        for line in others(name, cells, [contestant(section, name, column) for column in columns])
    ]
    assert not found, "\n".join(found)


def test_the_sentences_of_the_readme() -> None:
    (throttling,) = records("Under EC2's token buckets")
    reached = facts("Lines to reach", "measured")
    images = throttling["images"]
    share = number(reached[f"{images} images under the token buckets: requests throttled"])
    sentences = {
        "# images took # s, and # % of the requests were throttled": [
            float(images),
            number(throttling["seconds"]),
            share,
        ],
        "would take # s at these limits": [number(throttling["the buckets allow"])],
        "Ten Regions took # times": [number(reached["100 images in ten Regions: of the time in one"])],
    }
    found = wrong(FIGURES, sentences)
    assert not found, "\n".join(found)
    date, cores, python = machine()
    fixed = ["with 50 ms of latency", f"These figures are of {date}, on {cores} cores, with Python {python}."]
    assert [sentence for sentence in fixed if not re.search(pattern(sentence), FIGURES)] == []
    # There are no other figures.
    known = "|".join(pattern(sentence) for sentence in [*sentences, *fixed])
    rest = re.sub(rf"^\|.*\n|`[^`]*`|EC2|boto3|{known}", "", FIGURES, flags=re.MULTILINE)
    assert re.findall(r".*\d.*", rest) == []


# docs/fleets.md

FLEETS = chapters(GUIDES["fleets"])
# The rows of the table of the guide, as the results call them.
FLEET_CASES = [
    "no change",
    "one account more",
    "one account more, concurrency: 64",
    "first publication, 300 accounts",
    "one account more, 5 Regions",
    "one account more, half of the images in one Region",
    "the same, concurrency: 64",
]
FLEET_COLUMNS = {
    "Requests, all owners": "requests",
    "One owner takes": "an owner takes",
    "Its buckets need": "buckets",
    "All owners, 5 forks": "forks: 5",
    "All owners, 20 forks": "forks: 20",
}


def fleet(column: str) -> list[float]:
    """Return a column of the results on fifty thousand images, for the cases of the guide."""
    found = facts("Fifty thousand images", column)
    return [(total if column == "requests" else number)(found[case]) for case in FLEET_CASES]


def test_the_table_of_fifty_thousand_images() -> None:
    ((_what, *heads), *rows) = tables(FLEETS["Fifty thousand images"])[0]
    found = [
        line
        for position, head in enumerate(heads, 1)
        for line in others(head, [row[position] for row in rows], fleet(FLEET_COLUMNS[head]))
    ]
    assert not found, "\n".join(found)


def test_the_sentences_on_fifty_thousand_images() -> None:
    held = r"(\d+) images with a snapshot each.* took ([\d.]+) s after.* says ([\d.]+) s .* took ([\d.]+) ms of CPU"
    (figures,) = re.findall(held, RESULTS["Fifty thousand images"])
    images, real, simulated, cpu = map(float, figures)
    each, peaks, throttled = fleet("requests")[1] / 20, fleet("peak MB"), fleet("throttled")
    sentences = {
        "# images and their snapshots were shared": [images],
        "That took # s, and the measurement says # s": [real, simulated],
        "a request took # ms of CPU": [cpu],
        "cannot do all of that in less than # minutes": [fleet("CPU of all")[1] / 2 / 60],
        "# % of the requests are throttled instead of # %": [throttled[-1], throttled[-2]],
        "# s for the # requests of an owner": [each * cpu / 1000, each],
        "# MB for each of these owners, or # MB with 300 accounts": [peaks[1], peaks[3]],
    }
    found = wrong(FLEETS["Fifty thousand images"], sentences)
    assert not found, "\n".join(found)


def test_the_figures_of_many_owners() -> None:
    seconds = [number(each) for each in facts("Several owners", "CPU seconds").values()]
    # The single runs wrote no reports, so the guide does not compare the play that did.
    *shares, _with_reports = (number(each) for each in facts("Several owners", "of their sum of CPU").values())
    _head, *rows = tables(FLEETS["Many owners"])[0]
    found = others("CPU seconds", [row[1] for row in rows], seconds)
    found += others("Of the sum", [row[2] for row in rows], [*shares, None])
    *_others, ten, reports = (spent / 20 for spent in seconds)
    sentences = {
        "an owner takes # s of CPU, half of it to start the module, and # s with its reports": [ten, reports],
        "# s / 2 cores = # minutes, or # minutes with reports": [ten, 100 * ten / 60, 100 * reports / 60],
    }
    found += wrong(FLEETS["Many owners"], sentences)
    assert not found, "\n".join(found)


def test_the_guide_says_when_and_on_what_its_figures_were_measured() -> None:
    date, cores, python = machine()
    measured = f"Measured on {date} by `make bench`, on {cores} cores with Python {python}."
    silent = [title for title in ("Fifty thousand images", "Many owners") if measured not in FLEETS[title]]
    assert silent == [], measured
