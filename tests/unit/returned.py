# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a module returned what its documentation says: every key that it has, of the type that it has there."""

from __future__ import annotations

import functools
import typing as t

import yaml

# What Ansible adds to every result, or takes from it.
ANSIBLES = {"changed", "deprecations", "exception", "failed", "invocation", "msg", "warnings"}
TYPES: dict[str, type] = {"bool": bool, "dict": dict, "int": int, "list": list, "str": str}


@functools.cache
def documented(text: str) -> dict[str, t.Any]:
    """Return what a module's RETURN says."""
    return dict(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def differences(text: str, result: t.Mapping[str, t.Any]) -> list[str]:
    """Return where a result is not what RETURN says. Ansible prints a failed one whole, so some of it is left out."""
    own = {key: value for key, value in result.items() if key not in ANSIBLES}
    return list(_differences(documented(text), own, "", whole=not result["failed"]))


def _differences(
    promised: t.Mapping[str, t.Any], returned: t.Mapping[str, t.Any], path: str, *, whole: bool
) -> t.Iterator[str]:
    # A second name, which RETURN may not have: see result.with_kms_keys. The facts of the page have the first only.
    is_named_twice = "kms_keys" in promised and path != "report."
    if is_named_twice and returned.get("keys") != returned.get("kms_keys"):
        yield f"{path}keys is not {path}kms_keys"
    known = {*promised, "keys"} if is_named_twice else promised
    yield from (f"{path}{key} is not documented" for key in returned if key not in known)
    for key, promise in promised.items():
        if key in returned:
            yield from _of_value(promise, returned[key], f"{path}{key}", whole=whole)
        elif whole and promise["returned"].startswith(("always", "success")):
            yield f"{path}{key} is missing"


def _of_value(promise: t.Mapping[str, t.Any], value: t.Any, path: str, *, whole: bool) -> t.Iterator[str]:
    if value is None:
        return
    if not isinstance(value, TYPES[promise["type"]]):
        yield f"{path} is no {promise['type']}"
    elif "contains" in promise:
        parts: list[t.Any] = value if isinstance(value, list) else [value]
        for each in parts:
            yield from _differences(promise["contains"], each, f"{path}.", whole=whole)
