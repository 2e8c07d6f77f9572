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
from .images import shared_tags
from .images import volumes
from .options import InvalidOptionsError
from .options import Params
from .options import endpoint_problems
from .options import parse_filters
from .options import parse_targets
from .options import region_problems
from .permissions import to_options
from .plan import Failure
from .resource import describing
from .result import failure_text
from .subject import NAMED
from .subject import Target
from .subject import by_turns
from .subject import created
from .subject import in_batches

if t.TYPE_CHECKING:
    from datetime import datetime

    from .runtime import Runtime

_LAUNCH = IMAGES.permissions
Read = t.TypeVar("Read")
Found = list[tuple[Target, Description]]
Held = t.Union[dict[str, list[str]], Failure, None]


@dataclass(frozen=True)
class Search:
    """What to look for in every one of ``regions``: EC2's own filters, and the ``newest`` images only, 0 for all."""

    regions: tuple[str, ...]
    filters: t.Sequence[t.Mapping[str, t.Any]]
    owners: t.Sequence[str]
    newest: int


def parse_query(
    params: Params, default_region: str | None, endpoint_region: str | None = None
) -> Search | tuple[Target, ...]:
    """Return the search, or the images named; raise InvalidOptionsError with every problem.

    ``default_region`` and ``endpoint_region`` are as in parse_task().
    """
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
        regions = tuple(target.region for target in query)
    else:
        query = _parse_search(params, default_region, problems)
        regions = query.regions
    problems += endpoint_problems(endpoint_region, regions)
    if problems:
        raise InvalidOptionsError(problems)
    return query


def _parse_search(params: Params, default_region: str | None, problems: list[str]) -> Search:
    given: list[str] | None = params["regions"]
    regions = tuple(filter(None, [default_region]) if given is None else given)
    problems += region_problems(regions, "region" if given is None else "regions")
    if given == []:
        problems.append("regions: names no Region; leave it out to search the task's Region")
    elif not regions:
        problems.append("regions: in which Regions? Set regions, or region (or AWS_REGION)")
    owners = ["self"] if params["owners"] is None else params["owners"]
    if not all(owners) or not owners:
        problems.append(
            "owners: is empty or has an empty entry; leave it out for your own images, or name accounts, self or amazon"
        )
    return Search(regions, parse_filters(params["filters"] or {}, problems), owners, params["newest"] or 0)


class FindError(Exception):
    """The images could not be read; the text says which and why."""


def by_id(runtime: Runtime, targets: t.Sequence[Target]) -> list[dict[str, t.Any]]:
    """Return the images in the order asked for; raise FindError naming every id that is not there."""
    found = _look_up(runtime, targets)
    images, gone = _presented(runtime, [(target, found[target]) for target in targets if target in found])
    missing = [str(target) for target in targets if target not in found or target in gone]
    if missing:
        which = f"{len(missing)} of {len(targets)} images do not exist, or this account may not see them"
        raise FindError(f"{IMAGES.not_found_code}: {which}: {', '.join(missing)}")
    return images


def by_search(runtime: Runtime, search: Search) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Return the images found, by Region and then the newest first, and warnings; raise FindError."""

    def found(region: str) -> Found:
        return _or_find_error(region, lambda: reading.search(runtime, IMAGES, region, search.filters, search.owners))

    everywhere = runtime.each(found, sorted(set(search.regions)))
    newest_first = [sorted(images, key=created, reverse=True) for images in everywhere]
    picked = [image for images in newest_first for image in images[: search.newest or None]]
    presented, gone = _presented(runtime, picked)
    shown = ", ".join(str(target) for target in gone[:NAMED]) + (", …" if len(gone) > NAMED else "")
    what = f"{len(gone)} image(s) that the search found were deregistered in the meantime and are left out: {shown}"
    return presented, [what] if gone else []


def _look_up(runtime: Runtime, targets: t.Sequence[Target]) -> dict[Target, Description]:
    batches = in_batches(targets, lambda target: target)
    return dict(pair for pairs in runtime.each(_described(runtime), batches) for pair in pairs)


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


def _presented(runtime: Runtime, images: Found) -> tuple[list[dict[str, t.Any]], list[Target]]:
    """Return the images as the module returns them, and those that are gone.

    If EC2 does not know the permissions of an image that it has just shown, the image is looked up again: it may be
    public, so it is left out only if it is gone.
    """
    described = dict(images)
    held = _permissions(runtime, described)
    unknown = [target for target in described if isinstance(held[target], Failure)]
    again = _look_up(runtime, unknown)
    described.update(again)
    held.update(_permissions(runtime, again))
    presented = [
        _present(target, described[target], _known(target, held[target]))
        for target in described
        if target not in unknown or target in again
    ]
    return presented, [target for target in unknown if target not in again]


def _permissions(runtime: Runtime, targets: t.Iterable[Target]) -> dict[Target, Held]:
    in_order = by_turns(targets, _place)
    runtime.progress.plan("read", map(_place, in_order))
    return dict(zip(in_order, runtime.each(lambda target: _launch_permissions(runtime, target), in_order)))


def _place(target: Target) -> tuple[str, str]:
    return target.region, IMAGES.result_key


def _known(target: Target, held: Held) -> dict[str, list[str]] | None:
    if isinstance(held, Failure):
        raise FindError(f"{target}: {failure_text(held)}, although DescribeImages shows the image. Run the task again")
    return held


def _launch_permissions(runtime: Runtime, target: Target) -> Held:
    """Return the launch permissions, None for an image of another account: only the owner may read them.

    A Failure says that EC2 does not know the image.
    """
    try:
        held = reading.read(runtime, target, _LAUNCH)
        runtime.progress.done("read", _place(target))
    except EC2Error as error:
        failure = error.failure
        if failure.code in IMAGES.absent_codes:
            return failure
        # EC2 has the same code for another account's image (400) and for credentials that it does not know (401).
        if failure.code == "AuthFailure" and "credentials" not in failure.message:
            return None
        raise FindError(f"{target}: {failure_text(failure)}") from error
    return to_options(held if isinstance(held, frozenset) else frozenset(), _LAUNCH.kinds)


def _present(
    target: Target, described: Description, launch_permissions: dict[str, list[str]] | None
) -> dict[str, t.Any]:
    """Return an image as the module does. What EC2 leaves out is null, false or empty."""
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
            if isinstance(attribute.read, InDescription) and not attribute.clears
        },
        "launch_permissions": launch_permissions,
        "product_codes": [code["ProductCodeId"] for code in described.get("ProductCodes", ())],
        "boot_mode": described.get("BootMode"),
        "tpm_support": described.get("TpmSupport"),
        "deregistration_protection": described.get("DeregistrationProtection"),
        "deprecation_time": described.get("DeprecationTime"),
        "last_launched_time": described.get("LastLaunchedTime"),
        "creation_date": described.get("CreationDate"),
        "image_allowed": described.get("ImageAllowed"),
        "watermarks": [_watermark(mark) for mark in described.get("ImageWatermarks", ())],
        "encrypted": any(volume.get("Encrypted") for volume in volumes(described)),
        "snapshot_ids": [volume["SnapshotId"] for volume in volumes(described) if "SnapshotId" in volume],
        "tags": {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())},
        "shared_tags": dict(shared_tags(described)),
    }


def _watermark(mark: Description) -> dict[str, str | None]:
    """Return a watermark under EC2's names. botocore has already parsed the times."""
    return {
        "watermark_key": mark.get("WatermarkKey"),
        "source_image_region": mark.get("SourceImageRegion"),
        "source_image_id": mark.get("SourceImageId"),
        "source_image_creation_time": _time(mark.get("SourceImageCreationTime")),
        "watermark_creation_time": _time(mark.get("WatermarkCreationTime")),
    }


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
