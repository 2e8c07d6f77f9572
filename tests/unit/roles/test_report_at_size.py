# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The page of 1,000 images and 300 principals in a browser: what stays in view, what is found, and how it is read."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from unit.browser import Browser
from unit.sharing import ALL
from unit.sharing import World
from unit.sharing import applied
from unit.sharing import carry_out
from unit.sharing import image
from unit.sharing import planned
from unit.sharing import policy
from unit.users import users_environment

from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import Options
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import by_policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import report

Json = dict[str, t.Any]
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2")
CUSTOMERS = [Permission("user_ids", f"{number:012}") for number in range(280)]
FORMER = [Permission("user_ids", f"1{number:011}") for number in range(10)]
STRANGERS = [Permission("user_ids", f"2{number:011}") for number in range(9)]
GOLDEN = [image(number, REGIONS[number % 5]) for number in range(800)]
SHARED = [image(number, REGIONS[number % 5]) for number in range(800, 1000)]
NAMES = {each.value: f"Customer {number}" for number, each in enumerate(CUSTOMERS)}
PLAY = {
    "hosts": "localhost",
    "gather_facts": False,
    "tasks": [
        {
            "ansible.builtin.set_fact": {
                "_ami_sharing_run": {"report": "{{ lookup('ansible.builtin.file', 'facts.json') | from_json }}"},
                "_ami_sharing_place": {
                    "page": "{{ playbook_dir }}/report.html",
                    "facts": "{{ playbook_dir }}/report.json",
                },
            }
        },
        {"ansible.builtin.include_role": {"name": "amikit.aws.ami_sharing", "tasks_from": "report.yml"}},
    ],
}
WIDTH_OF_PAPER = 979  # pixels of A4 and Letter in landscape that the margins leave, whichever has less


def facts() -> Json:
    """Eighty images are changed, one is public, and ten others are shared with somebody outside of the policies."""
    held = dict.fromkeys(GOLDEN, CUSTOMERS) | dict.fromkeys(SHARED, CUSTOMERS[:100])
    for number, target in enumerate(GOLDEN[::10]):
        held[target] = [*CUSTOMERS[1:], FORMER[number % 10]]
    for number, target in enumerate(SHARED[::20]):
        held[target] = [*CUSTOMERS[:100], STRANGERS[number % 9]]
    held[SHARED[1]] = [*CUSTOMERS[:100], ALL]
    policies = [
        policy("exclusive", *CUSTOMERS, on=GOLDEN, name="Golden"),
        policy("share", *CUSTOMERS[:100], on=SHARED, name="Shared"),
    ]
    work = planned(policies, World(held))
    carry_out(work, applied)
    options = Options((), None, NAMES, report=True, audit=False, check_mode=False)
    counts = by_policy(work, lambda subject: subject.target)
    return report(work, counts, options, preview=False, made="2026-11-24 12:00 UTC", warnings=())


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as the role writes it."""
    place = tmp_path_factory.mktemp("large")
    (place / "facts.json").write_text(json.dumps(facts()), encoding="utf-8")
    (place / "play.yml").write_text(json.dumps([PLAY]), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "play.yml"],
        check=False,
        cwd=place,
        env=users_environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    return place / "report.html"


@pytest.fixture
def opened(browser: Browser, page: Path) -> t.Iterator[Browser]:
    """The browser with the page freshly opened; whatever a test emulates is taken back."""
    browser.open(page)
    yield browser
    browser.resize(1280, 1000)
    browser.emulate()
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def search(browser: Browser, text: str) -> None:
    browser.run(f"""(() => {{
        const input = document.querySelector('[type=search]')
        input.value = {json.dumps(text)}
        input.dispatchEvent(new Event('input', {{bubbles: true}}))
    }})()""")


def told(browser: Browser) -> str:
    text: str = browser.run("document.querySelector('output').textContent")
    return text


def columns_in_view(browser: Browser) -> list[str]:
    """Return the heads of principals that can be seen whole, right of the column that stays."""
    found: list[str] = browser.run("""(() => {
        const box = document.querySelector('.m').getBoundingClientRect()
        const left = document.querySelector('#matrix thead th').getBoundingClientRect().right
        return [...document.querySelectorAll('#matrix .p')].filter(head => {
            const place = head.getBoundingClientRect()
            return place.width && place.left >= left && place.right <= box.right
        }).map(head => head.textContent)
    })()""")
    return found


def rows_shown(browser: Browser) -> list[str]:
    """Return the names, ids and Regions of the images that are left."""
    rows: list[str] = browser.run("""[...document.querySelectorAll('#matrix tbody tr')]
        .filter(row => !row.closest('[hidden]')).map(row => row.cells[0].textContent)""")
    return rows


def test_it_is_what_other_tests_see(page: Path, page_of: t.Callable[[Json], str]) -> None:
    assert page.read_text(encoding="utf-8") == page_of(facts())


def test_its_size(page: Path) -> None:
    assert page.stat().st_size < 2_500_000
    found = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert found == facts()
    assert (len(found["images"]), len(found["principals"])) == (1000, 300)
    assert {key: found["summary"][key] for key in ("changed", "public", "outside")} == {
        "changed": 80,
        "public": 1,
        "outside": 11,
    }


def test_name_id_and_region_stay_in_view(opened: Browser) -> None:
    seen = opened.run("""(async () => {
        const box = document.querySelector('.m')
        box.scrollIntoView()
        box.scrollTo(5000, 20000)
        const {left, top, height} = box.getBoundingClientRect()
        const at = y => document.elementFromPoint(left + 20, top + y).closest('th')
        while (!at(height / 2)) await new Promise(requestAnimationFrame)
        return [box.scrollLeft, at(20).textContent, at(height / 2).textContent]
    })()""")
    assert seen[:2] == [5000, "Image"]
    assert any(seen[2].endswith(f" {region}") for region in REGIONS)


def test_a_search_for_an_account_goes_to_its_column(opened: Browser) -> None:
    wanted = f"{CUSTOMERS[205].value} (Customer 205)"
    assert wanted not in columns_in_view(opened)
    for text in ("customer 205", CUSTOMERS[205].value):
        search(opened, text)
        assert wanted in columns_in_view(opened)
        assert told(opened) == "800 of 1,000 images, 1 of 300 principals"
    search(opened, "customer 20")
    assert f"{CUSTOMERS[20].value} (Customer 20)" in columns_in_view(opened)
    opened.run("document.querySelector('#find').requestSubmit()")
    assert f"{CUSTOMERS[200].value} (Customer 200)" in columns_in_view(opened)
    search(opened, GOLDEN[123].id)
    assert rows_shown(opened) == [f"name of {GOLDEN[123].id}{GOLDEN[123].id} {GOLDEN[123].region}"]


def test_changes_only(opened: Browser) -> None:
    opened.run("document.querySelector('[value=d]').click()")
    assert told(opened) == "80 of 1,000 images"
    assert {row.split(" ")[2] for row in rows_shown(opened)} >= {f"{GOLDEN[0].id}{GOLDEN[0].id}"}
    assert len(rows_shown(opened)) == 80
    assert columns_in_view(opened) == [f"{CUSTOMERS[0].value} (Customer 0)", *(each.value for each in FORMER)]
    opened.run("document.querySelector('[value=d]').click()")
    assert told(opened) == "1,000 of 1,000 images"


def test_public_or_outside_only(opened: Browser) -> None:
    opened.run("document.querySelector('[value=k]').click()")
    assert columns_in_view(opened) == ["everyone", *(each.value for each in STRANGERS)]
    assert len(rows_shown(opened)) == 11
    assert rows_shown(opened)[0].split(" ")[-2].endswith(SHARED[1].id)


def test_without_a_script(opened: Browser, page: Path) -> None:
    opened.call("Emulation.setScriptExecutionDisabled", value=True)
    opened.open(page)
    filters = "document.querySelector('#find').checkVisibility()"
    rows = "document.querySelectorAll('#matrix tbody tr:not([hidden])').length"
    done = opened.call("Runtime.evaluate", expression=f"[{filters}, {rows}]", returnByValue=True)
    assert done["result"]["value"] == [False, 1000]


def test_on_paper_nothing_is_cut_off(opened: Browser) -> None:
    opened.resize(WIDTH_OF_PAPER, 700)
    opened.emulate(media="print")
    width, filters, heads, note = opened.run("""[
        document.documentElement.scrollWidth,
        document.querySelector('#find').checkVisibility(),
        getComputedStyle(document.querySelector('#matrix thead')).display,
        document.querySelector('.paper').innerText,
    ]""")
    assert width <= WIDTH_OF_PAPER
    assert not filters
    assert heads == "table-header-group"
    assert note.startswith("The 300 columns of the principals do not fit on paper")


def test_a_narrow_window(opened: Browser) -> None:
    opened.resize(420, 900)
    width, box, first = opened.run("""[
        document.documentElement.scrollWidth,
        document.querySelector('.m').clientWidth,
        document.querySelector('#matrix th').offsetWidth,
    ]""")
    assert width <= 420
    assert first <= box / 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_texts_stand_out(opened: Browser, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG 2 asks for."""
    opened.emulate(scheme=scheme)
    ratios = opened.run("""(() => {
        const light = colour => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
            const linear = part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
            const [r, g, b] = parts.map(linear)
            return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const behind = element => {
            const colour = getComputedStyle(element).backgroundColor
            return /, 0\\)$/.test(colour) ? behind(element.parentElement) : colour
        }
        const texts = ['h1', '.soft', 'a', 'th small', 'thead th', '.tag.e', '.tag.o', '.tag.a', '.tag.r', 'td.o']
        return Object.fromEntries(texts.map(text => {
            const element = document.querySelector(text)
            const [high, low] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a)
            return [text, (high + 0.05) / (low + 0.05)]
        }))
    })()""")
    assert {text: ratio for text, ratio in ratios.items() if ratio < 4.5} == {}
