# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""What a task returns and what a failed one says. Only presentation: nothing is decided or sent here."""

from __future__ import annotations

import json
import typing as t

from .permissions import to_options
from .subject import NAMED
from .subject import Step
from .subject import Subject

if t.TYPE_CHECKING:
    from .plan import Attributes
    from .plan import Failure
    from .resource import Resource

# What the engine distinguishes, and users need not.
_OPERATIONS = {"enable": "set", "disable": "set"}
_ENCODED = " Encoded authorization failure message: "


def present(subjects: t.Sequence[Subject], resource: Resource, *, diff: bool, failed: bool) -> dict[str, t.Any]:
    """Return the result of a task: ``changed``, a summary, the resources, and ``diff`` when asked for.

    The result of a failed task is trimmed, because Ansible prints all of it.
    """
    present_one = trimmed if failed else item
    result: dict[str, t.Any] = {
        "changed": any(subject.changed for subject in subjects),
        "summary": {**with_kms_keys({resource.result_key: len(subjects)}), **summary(subjects)},
        **with_kms_keys({resource.result_key: [present_one(subject) for subject in subjects]}),
    }
    if diff:
        result["diff"] = differences(subjects)
    return result


def with_kms_keys(kinds: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return these parts of a result, with ``keys`` also under the name ``kms_keys``.

    In a template, ``result.keys`` is the method of the dictionary, so ansible-core 2.21 refuses ``keys`` as a name in
    RETURN.
    """
    return {**kinds, **({"kms_keys": kinds["keys"]} if "keys" in kinds else {})}


def summary(subjects: t.Sequence[Subject]) -> dict[str, int]:
    """Return how many resources changed, stayed the same and failed, and how many entries were granted and revoked.

    One that was changed in part before it failed counts as failed.
    """
    failed = sum(subject.failure is not None for subject in subjects)
    changed = sum(subject.changed and not subject.failure for subject in subjects)
    return {
        "changed": changed,
        "unchanged": len(subjects) - changed - failed,
        "failed": failed,
        "granted": sum(len(subject.granted) for subject in subjects),
        "revoked": sum(len(subject.revoked) for subject in subjects),
        "regions": len({subject.target.region for subject in subjects}),
    }


def differences(subjects: t.Iterable[Subject]) -> list[dict[str, t.Any]]:
    """Return the differences of the subjects that changed, as Ansible shows them: one more entry is one more line."""
    return [
        {
            "before_header": _header(subject),
            "after_header": _header(subject),
            "before": _lines(subject, subject.plan.before),
            "after": _lines(subject, subject.after),
        }
        for subject in subjects
        if subject.changed and subject.plan and subject.after
    ]


def _header(subject: Subject) -> str:
    return f"{subject.name} {subject.target}" if subject.name else str(subject.target)


def _lines(subject: Subject, attributes: Attributes) -> str:
    """Return a line for each text that is set, for each entry of a list, and for what a document says of them."""
    lines = []
    for attribute, value in attributes.values:
        if isinstance(value, (frozenset, tuple)):
            lines += [_on_one_line(f"{attribute.option}.{key}", entry) for key, entry in sorted(value)]
        elif value or value is False:
            lines.append(_on_one_line(attribute.option, str(value).lower() if isinstance(value, bool) else value))
    document = subject.resource.document
    lines += document.lines(subject.planned_on, attributes) if document else []
    return "".join(f"{line}\n" for line in lines)


def _on_one_line(name: str, value: str) -> str:
    """Return what has that name as a line. What breaks lines is escaped as in JSON, which YAML reads as well."""
    name, value = (text if text.isprintable() else json.dumps(text) for text in (name, value))
    return f"{name}: {value}"


def failure_message(subjects: t.Sequence[Subject], noun: str, check_mode: bool) -> str:
    """Return the message of a failed task: how many failed, the first five by name, and what became of the others.

    Each has a line of its own.
    """
    failed = [(subject.target, subject.failure) for subject in subjects if subject.failure]
    named = [f"{target}: {failure_text(failure)}" for target, failure in failed[:NAMED]]
    if len(failed) > NAMED:
        named.append(f"and {len(failed) - NAMED} more, each with its error in the result")
    head = f"{len(failed)} of {len(subjects)} {noun}s failed: {named[0]}"
    return "\n".join([head, *named[1:], became(subjects, noun, check_mode)])


def item(subject: Subject) -> dict[str, t.Any]:
    """Return one resource as tasks return it."""
    kinds = subject.resource.kinds
    presented: dict[str, t.Any] = {
        subject.resource.id_option: subject.target.id,
        "region": subject.target.region,
        "name": subject.name,
        "changed": subject.changed,
        "granted": to_options(subject.granted, kinds),
        "revoked": to_options(subject.revoked, kinds),
        "before": subject.plan.before.as_options() if subject.plan else {},
        "after": subject.after.as_options() if subject.after else {},
        "requests": [_request(step) for step in subject.steps],
        **subject.resource.more(subject.described, subject.after or subject.hoped, subject.planned),
    }
    if subject.failure:
        presented["error"] = error_of(subject.failure)
    return presented


def trimmed(subject: Subject) -> dict[str, t.Any]:
    """Return one resource as a failed task returns it, trimmed because Ansible prints all of it.

    Lists of permissions are left out of before and after: what changed is in granted and revoked. A resource that
    neither changed nor failed has only its id, Region, name and changed.
    """
    presented = item(subject)
    if not subject.changed and not subject.failure:
        return {key: presented[key] for key in (subject.resource.id_option, "region", "name", "changed")}
    lists = {attribute.option for attribute in subject.resource.attributes if attribute.kinds}
    for state in ("before", "after"):
        presented[state] = {option: value for option, value in presented[state].items() if option not in lists}
    return presented


def _request(step: Step) -> dict[str, t.Any]:
    presented: dict[str, t.Any] = {
        "attribute": step.request.attribute.name,
        "operation": _OPERATIONS.get(step.request.operation, step.request.operation),
        "entries": step.request.entries,
        "status": step.status,
    }
    if step.failure:
        presented["error"] = error_of(step.failure)
    return presented


def error_of(failure: Failure) -> dict[str, t.Any]:
    error: dict[str, t.Any] = {
        "operation": failure.operation,
        "code": failure.code,
        "message": failure.message,
        "request_id": failure.request_id,
        "predicted": failure.predicted,
    }
    if failure.decoded is not None:
        error["decoded_message"] = failure.decoded
    return error


def failure_text(failure: Failure, *, operation: bool = True) -> str:
    """Return a failure as a sentence, with the operation that failed unless it is named already."""
    # The encoded message is long and of no use to a reader; it stays whole in the result.
    message = failure.message.partition(_ENCODED)[0].rstrip(".")
    request = f" (request id {failure.request_id})" if failure.request_id else ""
    decoded = f". Decoded authorization message: {json.dumps(_filled(failure.decoded))}" if failure.decoded else ""
    refused = f"{failure.service} would refuse " if failure.predicted else ""
    return f"{f'{refused}{failure.operation}: ' if operation else ''}{failure.code}: {message}{request}{decoded}"


def _filled(value: t.Any) -> t.Any:
    """Return the value without its empty parts."""
    if not isinstance(value, dict):
        return value
    filled = {key: _filled(part) for key, part in value.items()}
    return {key: part for key, part in filled.items() if part not in ({}, [], "", None)}


def became(subjects: t.Sequence[Subject], noun: str, check_mode: bool) -> str:
    """Return how many were changed by a run that failed, or may have been."""
    return _became_in_check_mode(subjects, noun) if check_mode else _became(subjects, noun)


def _became(subjects: t.Sequence[Subject], noun: str) -> str:
    changed = sum(subject.changed for subject in subjects)
    unknown = sum(subject.is_uncertain for subject in subjects)
    in_part = ", in whole or in part" if any(subject.changed and subject.failure for subject in subjects) else ""
    known = f"{counted(changed, noun)} changed{in_part}"
    if unknown:
        who = " and ".join(dict.fromkeys(subject.resource.service for subject in subjects if subject.is_uncertain))
        return f"{known}, and {unknown} may have changed: {who} gave no clear answer. Run the task again"
    return known if changed else "Nothing was changed"


def _became_in_check_mode(subjects: t.Sequence[Subject], noun: str) -> str:
    carried_out = sum(subject.ignored_dry_run for subject in subjects)
    unknown = sum(subject.is_uncertain for subject in subjects)
    became = f"{counted(carried_out, noun)} changed although this is check mode" if carried_out else ""
    if unknown:
        doubt = f"{counted(unknown, noun)} may have changed: there was no clear answer to DryRun"
        return f"{became}, and {doubt}" if became else f"This is check mode, but {doubt}"
    return became or "Nothing was changed: this is check mode"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
