# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""What a task returns and what a failed one says. Only presentation: nothing is decided or sent here."""

from __future__ import annotations

import json
import typing as t

from .permissions import to_options

if t.TYPE_CHECKING:
    from .fleet import Subject
    from .options import Target
    from .plan import Attributes
    from .plan import Failure

NAMED = 5  # failed resources that the message names
_ENCODED = " Encoded authorization failure message: "


def present(subjects: t.Sequence[Subject], id_option: str, key: str, diff: bool) -> dict[str, t.Any]:
    """Return the result of a task: ``changed``, the resources under ``key``, and ``diff`` when asked for."""
    result: dict[str, t.Any] = {
        "changed": any(subject.changed for subject in subjects),
        key: [_resource(subject, id_option) for subject in subjects],
    }
    if diff:
        result["diff"] = [
            _diff(subject.target, resource["before"], resource["after"])
            for subject, resource in zip(subjects, result[key])
            if subject.changed
        ]
    return result


def failure_message(subjects: t.Sequence[Subject], noun: str, check_mode: bool) -> str:
    """Return the message of a failed task: how many failed, the first five by name, and what became of the others."""
    failed = [(subject.target, subject.failure) for subject in subjects if subject.failure]
    named = [f"{target}: {told(failure)}" for target, failure in failed[:NAMED]]
    if len(failed) > NAMED:
        named.append(f"and {len(failed) - NAMED} more, each with its error in the result")
    became = "Nothing was changed: this is check mode" if check_mode else _became(subjects, noun)
    return f"{len(failed)} of {len(subjects)} {noun}s failed: {'; '.join(named)}. {became}"


def _resource(subject: Subject, id_option: str) -> dict[str, t.Any]:
    presented: dict[str, t.Any] = {
        id_option: subject.target.id,
        "region": subject.target.region,
        "changed": subject.changed,
        "before": _attributes(subject.plan.before) if subject.plan else {},
        "after": _attributes(subject.after) if subject.after else {},
        "requests": [
            {
                "attribute": request.attribute.name,
                "operation": request.operation,
                "entries": request.entries,
                "status": status,
            }
            for request, status in zip(subject.requests, subject.statuses)
        ],
    }
    if subject.failure:
        presented["error"] = _error(subject.failure)
    return presented


def _attributes(attributes: Attributes) -> dict[str, t.Any]:
    return {
        attribute.option: to_options(value, attribute.kinds) if isinstance(value, frozenset) else value
        for attribute, value in attributes.values
    }


def _error(failure: Failure) -> dict[str, t.Any]:
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


def _diff(target: Target, before: t.Any, after: t.Any) -> dict[str, t.Any]:
    return {"before_header": str(target), "after_header": str(target), "before": before, "after": after}


def told(failure: Failure) -> str:
    """Return a failure as a sentence."""
    # The encoded message is long and of no use to a reader; it stays whole in the result.
    message = failure.message.partition(_ENCODED)[0].rstrip(".")
    request = f" (request id {failure.request_id})" if failure.request_id else ""
    decoded = f". Decoded authorization message: {json.dumps(_filled(failure.decoded))}" if failure.decoded else ""
    operation = f"EC2 would refuse {failure.operation}" if failure.predicted else failure.operation
    return f"{operation}: {failure.code}: {message}{request}{decoded}"


def _filled(value: t.Any) -> t.Any:
    """Return the value without its empty parts."""
    if not isinstance(value, dict):
        return value
    filled = {key: _filled(part) for key, part in value.items()}
    return {key: part for key, part in filled.items() if part not in ({}, [], "", None)}


def _became(subjects: t.Sequence[Subject], noun: str) -> str:
    changed = sum(subject.changed for subject in subjects)
    unknown = sum(subject.is_uncertain for subject in subjects)
    if unknown:
        return f"{changed} {noun}(s) changed, and of {unknown} it is not known: EC2 did not say. Run the task again"
    return f"{changed} {noun}(s) changed" if changed else "Nothing was changed"
