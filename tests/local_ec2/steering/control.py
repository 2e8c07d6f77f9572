# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control API under ``/_local/``: JSON, without authentication, not recorded.

Only its routes live here; each is one function from the request to an answer that json can write.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from typing import cast
from urllib.parse import parse_qsl

from moto.ec2.models import ec2_backends

from local_ec2.server.application import Answer
from local_ec2.services import iam
from local_ec2.state.current import STATE
from local_ec2.state.grants import from_options
from local_ec2.state.grants import to_options
from local_ec2.state.resource import Resource
from local_ec2.state.snapshots import Snapshot
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort
from local_ec2.state.texts import FIELDS
from local_ec2.steering import key_seeds
from local_ec2.steering import organization_seeds
from local_ec2.steering import seeds

PREFIX = "/_local/"
SCENE_FIELDS = frozenset({"images", "switches"})
PRINCIPAL_FIELDS = frozenset({"name", "policy", "account"})
ROLE_FIELDS = frozenset({"name", "account"})


class MissingError(Exception):
    """What the request names does not exist."""


class AskError(Exception):
    """The request is not what the route takes."""


@dataclass(frozen=True)
class Ask:
    """A request: its query string, and its body as json reads it."""

    query: dict[str, str]
    body: Any


def reset(ask: Ask) -> Any:
    """Forget everything, and begin with the ``images`` and ``switches`` of the body, if it has any."""
    scene = ask.body or {}
    if not isinstance(scene, dict) or set(scene) - SCENE_FIELDS:
        raise AskError("an object is expected with nothing but images and switches")
    STATE.reset()
    return {
        "images": create_images(Ask({}, scene.get("images", []))),
        "switches": set_switches(Ask({}, scene.get("switches", {}))),
    }


def create_images(ask: Ask) -> Any:
    return seeds.create(_objects(ask))


def create_snapshots(ask: Ask) -> Any:
    return seeds.create_snapshots(_objects(ask))


def _objects(ask: Ask) -> list[dict[str, Any]]:
    if not isinstance(ask.body, list):
        raise AskError("a list of objects is expected")
    return ask.body


def show_image(ask: Ask) -> Any:
    image, region = _find(ask, IMAGE)
    return {
        "image_id": image.id,
        "region": region,
        "state": image.state,
        **{field: image.attributes.texts.get(name) for field, name in FIELDS.items()},
        "launch_permissions": to_options(image.attributes.grants),
    }


def show_snapshot(ask: Ask) -> Any:
    found, region = _find(ask, SNAPSHOT)
    snapshot = cast(Snapshot, found)
    return {
        "snapshot_id": snapshot.id,
        "region": region,
        "state": snapshot.state,
        "encrypted": snapshot.encrypted,
        "kms_key_id": snapshot.kms_key_id,
        "create_volume_permissions": to_options(snapshot.attributes.grants, SNAPSHOT.kinds),
    }


def _find(ask: Ask, sort: Sort) -> tuple[Resource, str]:
    """The truth about one image or snapshot, without lag. Without ``region`` or ``account`` it is looked for in all."""
    wanted, region, owner = ask.query.get(f"{sort.name}_id", ""), ask.query.get("region"), ask.query.get("account")
    for account, regions in list(ec2_backends.items()):
        for name, backend in list(regions.items()):
            found: Resource | None = getattr(backend, sort.collection).get(wanted)
            if found is not None and region in (None, name) and owner in (None, account):
                return found, name
    raise MissingError(f"no {sort.name} {wanted}")


def create_keys(ask: Ask) -> Any:
    return key_seeds.create(_objects(ask))


def show_key(ask: Ask) -> Any:
    """The truth about one key, without lag."""
    shown = key_seeds.show(ask.query.get("arn", ""))
    if shown is None:
        raise MissingError(f"no key {ask.query.get('arn', '')}")
    return shown


def create_organization(ask: Ask) -> Any:
    if not isinstance(ask.body, dict):
        raise AskError("an object is expected")
    return organization_seeds.create(ask.body)


def create_role(ask: Ask) -> Any:
    if not isinstance(ask.body, dict) or set(ask.body) - ROLE_FIELDS or not ask.body.get("name"):
        raise AskError("an object is expected with name and optionally account")
    return {"arn": iam.create_role(ask.body.get("account") or seeds.ACCOUNT, ask.body["name"])}


def delete_role(ask: Ask) -> Any:
    iam.delete_role(ask.query["arn"])
    return {}


def show_requests(ask: Ask) -> Any:
    return STATE.record.summary() if ask.query.get("summary") == "1" else STATE.record.entries()


def clear_requests(_ask: Ask) -> Any:
    STATE.record.clear()
    return {}


def show_switches(_ask: Ask) -> Any:
    return STATE.switches.as_dict()


def set_switches(ask: Ask) -> Any:
    if not isinstance(ask.body, dict):
        raise AskError("an object is expected")
    for fault in ask.body.get("errors_of", {}).values():
        _check_count(fault, "times")
    for resource_id, change in ask.body.get("mid_run", {}).items():
        _check_count(change, "reads")
        _check_change(resource_id, change)
    STATE.switches.merge(ask.body)
    STATE.faults.restart(set(ask.body))
    return STATE.switches.as_dict()


def _check_change(resource_id: str, change: dict[str, Any]) -> None:
    if resource_id.startswith("arn:"):
        if not isinstance(change.get("policy"), dict):
            raise AskError("the change of a key is its whole policy")
        return
    for name in change.keys() - {"reads"}:
        from_options(change[name], SNAPSHOT.kinds if resource_id.startswith(SNAPSHOT.prefix) else IMAGE.kinds)


def _check_count(entry: dict[str, Any], name: str) -> None:
    value = entry.get(name, 1)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise AskError(f"{name} is a whole number, 1 or more")


def create_principal(ask: Ask) -> Any:
    if not isinstance(ask.body, dict) or set(ask.body) - PRINCIPAL_FIELDS or not ask.body.get("name"):
        raise AskError("an object is expected with name, policy and optionally account")
    principal = iam.create_principal(ask.body.get("account") or seeds.ACCOUNT, ask.body["name"], ask.body.get("policy"))
    STATE.switches.merge({"iam": True})
    return principal


Route = Callable[[Ask], Any]
ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "reset"): reset,
    ("POST", "images"): create_images,
    ("GET", "images"): show_image,
    ("POST", "snapshots"): create_snapshots,
    ("GET", "snapshots"): show_snapshot,
    ("POST", "keys"): create_keys,
    ("GET", "keys"): show_key,
    ("POST", "organizations"): create_organization,
    ("POST", "roles"): create_role,
    ("DELETE", "roles"): delete_role,
    ("GET", "requests"): show_requests,
    ("DELETE", "requests"): clear_requests,
    ("GET", "switches"): show_switches,
    ("PUT", "switches"): set_switches,
    ("POST", "principals"): create_principal,
}


def answer(method: str, path: str, query: str, body: bytes) -> Answer:
    """Run a route. Whatever it raises means that the request was wrong: this API is for tests."""
    route = ROUTES.get((method, path.removeprefix(PREFIX)))
    if route is None:
        known = ", ".join(f"{verb} {PREFIX}{name}" for verb, name in ROUTES)
        return _json(HTTPStatus.NOT_FOUND, {"error": f"no such route; known: {known}"})
    try:
        with STATE.lock:
            return _json(HTTPStatus.OK, route(Ask(dict(parse_qsl(query)), json.loads(body) if body else None)))
    except MissingError as error:
        return _json(HTTPStatus.NOT_FOUND, {"error": str(error)})
    except Exception as error:  # noqa: BLE001 - a test must read why, not see a connection end
        return _json(HTTPStatus.BAD_REQUEST, {"error": str(error) or type(error).__name__})


def _json(status: HTTPStatus, value: Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(value).encode())
