# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Finding AMIs and telling what they are: by id or by search, in many Regions at once. Reading only."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import reading
from .attribute import Description
from .attribute import InDescription
from .ec2 import EC2Error
from .images import IMAGES
from .images import volumes
from .options import InvalidOptionsError
from .options import Params
from .options import parse_filters
from .options import parse_targets
from .options import region_problems
from .permissions import to_options
from .plan import Failure
from .resource import describing
from .result import failure_text
from .subject import Target
from .subject import in_batches

if t.TYPE_CHECKING:
    from .runtime import Runtime

_LAUNCH = IMAGES.permissions
Read = t.TypeVar("Read")
Found = list[tuple[Target, Description]]


@dataclass(frozen=True)
class Search:
    """What to look for in every one of ``regions``: EC2's own filters, and the ``newest`` images only, 0 for all."""

    regions: tuple[str, ...]
    filters: t.Sequence[t.Mapping[str, t.Any]]
    owners: t.Sequence[str]
    newest: int


def parse_query(params: Params, default_region: str | None) -> Search | tuple[Target, ...]:
    """Return the search, or the images named; raise InvalidOptionsError with every problem."""
    problems = [
        f"{option}: {params[option]} is less than 1"
        for option in ("newest", "concurrency")
        if params[option] is not None and params[option] < 1
    ]
    query: Search | tuple[Target, ...]
    if params["image_ids"] is not None:
        given = [option for option in ("filters", "owners", "regions", "newest") if params[option] is not None]
        problems += [f"{option}: belongs to a search, and image_ids names the images" for option in given]
        query = parse_targets(params["image_ids"], IMAGES, default_region, problems)
    else:
        regions = tuple(params["regions"] or filter(None, [default_region]))
        problems += [] if regions else ["regions: in which Regions? Set regions, or region (or AWS_REGION)"]
        problems += region_problems(regions, "regions" if params["regions"] else "region")
        filters = parse_filters(params["filters"] or {}, problems)
        query = Search(regions, filters, params["owners"] or ["self"], params["newest"] or 0)
    if problems:
        raise InvalidOptionsError(problems)
    return query


class FindError(Exception):
    """The images could not be read; the text says which and why."""


def by_id(runtime: Runtime, targets: t.Sequence[Target]) -> list[dict[str, t.Any]]:
    """Return the images in the order asked for; raise FindError naming every id that is not there."""
    found = dict(pair for pairs in runtime.each(_described(runtime), _batches(targets)) for pair in pairs)
    images = _presented(runtime, [(target, found[target]) for target in targets if target in found])
    there = {Target(image["region"], image["image_id"]) for image in images}
    missing = [str(target) for target in targets if target not in there]
    if missing:
        which = f"{len(missing)} of {len(targets)} images do not exist, or this account may not see them"
        raise FindError(f"{IMAGES.not_found_code}: {which}: {', '.join(missing)}")
    return images


def by_search(runtime: Runtime, search: Search) -> list[dict[str, t.Any]]:
    """Return the images found, by Region and then the newest first; raise FindError."""

    def found(region: str) -> Found:
        return _or_find_error(region, lambda: reading.search(runtime, IMAGES, region, search.filters, search.owners))

    everywhere = runtime.each(found, sorted(set(search.regions)))
    newest_first = [sorted(images, key=created, reverse=True) for images in everywhere]
    return _presented(runtime, [image for images in newest_first for image in images[: search.newest or None]])


def _batches(targets: t.Sequence[Target]) -> list[list[Target]]:
    return in_batches(targets, lambda target: target)


def _described(runtime: Runtime) -> t.Callable[[list[Target]], Found]:
    def describe(batch: list[Target]) -> Found:
        region = batch[0].region
        call = describing(IMAGES, [target.id for target in batch], own=False)
        answer = _or_find_error(region, lambda: runtime.call(region, call))
        return [(Target(region, image["ImageId"]), image) for image in answer.get("Images", ())]

    return describe


def _or_find_error(region: str, read: t.Callable[[], Read]) -> Read:
    try:
        return read()
    except EC2Error as error:
        raise FindError(f"{region}: {failure_text(error.failure)}") from error


def _presented(runtime: Runtime, images: Found) -> list[dict[str, t.Any]]:
    permissions = runtime.each(lambda image: _launch_permissions(runtime, image[0]), images)
    return [
        _present(target, described, held)
        for (target, described), held in zip(images, permissions)
        if not isinstance(held, Failure)
    ]


def _launch_permissions(runtime: Runtime, target: Target) -> dict[str, list[str]] | Failure | None:
    """Return the launch permissions, None for an image of another account: only the owner may read them.

    A Failure says that the image was deregistered since it was described.
    """
    try:
        held = reading.read(runtime, target, _LAUNCH)
    except EC2Error as error:
        failure = error.failure
        if failure.code in (IMAGES.not_found_code, IMAGES.state_code):
            return failure
        # EC2 has one code for the image of another (400) and for credentials that it does not know (401).
        if failure.code == "AuthFailure" and "credentials" not in failure.message:
            return None
        raise FindError(f"{target}: {failure_text(failure)}") from error
    return to_options(held if isinstance(held, frozenset) else frozenset(), _LAUNCH.kinds)


def created(image: tuple[Target, Description]) -> tuple[str, str]:
    """Return what images are sorted by: the date of creation, and the id among those of one moment."""
    target, described = image
    return described.get("CreationDate", ""), target.id


def _present(
    target: Target, described: Description, launch_permissions: dict[str, list[str]] | None
) -> dict[str, t.Any]:
    """Return an image as the module does. What EC2 leaves out of an image that has none is null, false or empty."""
    return {
        "image_id": target.id,
        "region": target.region,
        "name": described.get("Name"),
        "owner_id": described.get("OwnerId"),
        "state": described.get("State"),
        "public": bool(described.get("Public")),
        **{
            attribute.option: attribute.read.value(described)
            for attribute in IMAGES.attributes
            if isinstance(attribute.read, InDescription)
        },
        "launch_permissions": launch_permissions,
        "product_codes": [code["ProductCodeId"] for code in described.get("ProductCodes", ())],
        "boot_mode": described.get("BootMode"),
        "tpm_support": described.get("TpmSupport"),
        "deregistration_protection": described.get("DeregistrationProtection"),
        "deprecation_time": described.get("DeprecationTime"),
        "last_launched_time": described.get("LastLaunchedTime"),
        "creation_date": described.get("CreationDate"),
        "encrypted": any(volume.get("Encrypted") for volume in volumes(described)),
        "snapshot_ids": [volume["SnapshotId"] for volume in volumes(described) if "SnapshotId" in volume],
        "tags": {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())},
    }
