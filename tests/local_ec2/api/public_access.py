# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Block public access for images and for snapshots, each by Region: reading, enabling and disabling it.

Only that state lives here, which is kept in the switches; sharing_rules.py acts on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_ec2.api import errors
from local_ec2.api import parameters
from local_ec2.api.errors import Ec2Error
from local_ec2.state.sorts import SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_ec2.api.markup import Value
    from local_ec2.api.steps import Call
    from local_ec2.state.sorts import Sort


def _states(call: Call, sort: Sort) -> dict[str, str]:
    """{Region: state}; a Region that is absent is unblocked."""
    states: dict[str, str] = getattr(call.switches, sort.blocking.switch)
    return states


def state_of(call: Call, sort: Sort) -> str:
    return _states(call, sort).get(call.region, "unblocked")


def get(sort: Sort) -> Callable[[Call], Value]:
    def operation(call: Call) -> Value:
        call.permit()
        return {sort.blocking.element: state_of(call, sort), "managedBy": "account"}

    return operation


def enable(sort: Sort) -> Callable[[Call], Value]:
    def operation(call: Call) -> Value:
        call.permit()  # Before the state, even where it is left out (recorded for snapshots).
        state = parameters.required(call.form, sort.blocking.parameter)
        _check(sort, state)
        _states(call, sort)[call.region] = state
        return {sort.blocking.element: state}

    return operation


def _check(sort: Sort, state: str) -> None:
    """Observed for snapshots: boto/boto3#3942."""
    if sort is SNAPSHOT and state == "unblocked":
        raise Ec2Error(errors.INVALID_ATTRIBUTE)
    if state not in sort.blocking.states:
        name = sort.blocking.parameter[0].lower() + sort.blocking.parameter[1:]
        reason = f"Expecting {' or '.join(sort.blocking.states)}."
        raise Ec2Error(errors.INVALID_VALUE, value=state, name=name, reason=reason)


def disable(sort: Sort) -> Callable[[Call], Value]:
    def operation(call: Call) -> Value:
        call.permit()
        _states(call, sort).pop(call.region, None)
        return {sort.blocking.element: "unblocked"}

    return operation
