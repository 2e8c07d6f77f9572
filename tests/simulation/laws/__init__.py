# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The laws: what holds for every run, whatever goes wrong. Each yields what breaks it, in sentences.

A law is a function of what was played, and a row of LAWS. It compares the truth of state.py, and the requests of
edge.py, with what was asked (wishes.py) and with what the run returned. Where somebody else interfered with a resource,
a law leaves out what they touched, and nothing more.
"""

from __future__ import annotations

import typing as t

from simulation.laws.access import all_are_planned_first
from simulation.laws.access import guarded
from simulation.laws.access import keeps_access
from simulation.laws.access import keeps_tags
from simulation.laws.access import nobody_is_cut_off
from simulation.laws.access import only_what_was_asked
from simulation.laws.access import selects
from simulation.laws.access import snapshots_first
from simulation.laws.access import success_is_success
from simulation.laws.course import backup_comes_first
from simulation.laws.course import converges
from simulation.laws.course import preflight_comes_first
from simulation.laws.course import restores
from simulation.laws.course import sends_once
from simulation.laws.course import stays_within_the_budget
from simulation.laws.course import waits_no_longer
from simulation.laws.keys import keys_are_as_asked
from simulation.laws.keys import keys_are_only_shared
from simulation.laws.keys import keys_are_written_as_planned
from simulation.laws.keys import keys_first
from simulation.laws.keys import keys_last
from simulation.laws.results import check_mode_changes_nothing
from simulation.laws.results import check_mode_predicts
from simulation.laws.results import doubt_is_reported
from simulation.laws.results import ends_with_a_result
from simulation.laws.results import interference_is_reported
from simulation.laws.results import is_shown
from simulation.laws.results import results_are_true
from simulation.laws.results import statuses_are_true
from simulation.laws.results import sums_agree
from simulation.laws.view import Violations
from simulation.runs import Played

Law = t.Callable[[Played], Violations]
LAWS: dict[str, Law] = {
    "keeps access": keeps_access,
    "keeps tags": keeps_tags,
    "nobody is cut off": nobody_is_cut_off,
    "snapshots first": snapshots_first,
    "keys first": keys_first,
    "keys last": keys_last,
    "keys are written as planned": keys_are_written_as_planned,
    "keys are only shared": keys_are_only_shared,
    "keys are as asked": keys_are_as_asked,
    "only what was asked": only_what_was_asked,
    "guarded": guarded,
    "all are planned first": all_are_planned_first,
    "ends with a result": ends_with_a_result,
    "statuses are true": statuses_are_true,
    "doubt is reported": doubt_is_reported,
    "results are true": results_are_true,
    "sums agree": sums_agree,
    "success is success": success_is_success,
    "is shown": is_shown,
    "interference is reported": interference_is_reported,
    "check mode changes nothing": check_mode_changes_nothing,
    "check mode predicts": check_mode_predicts,
    "selects": selects,
    "converges": converges,
    "sends once": sends_once,
    "stays within the budget": stays_within_the_budget,
    "waits no longer": waits_no_longer,
    "backup comes first": backup_comes_first,
    "preflight comes first": preflight_comes_first,
    "restores": restores,
}


class Violation(t.NamedTuple):
    """A law that was broken, and by what."""

    law: str
    by: str


def broken(played: Played) -> list[Violation]:
    return [Violation(name, by) for name, law in LAWS.items() for by in law(played)]
