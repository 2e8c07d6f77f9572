# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Finding AMIs and telling what they are: by id or by search, in many Regions at once. Reading only."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .ec2 import EC2Error
from .images import ATTRIBUTES
from .images import Images
from .options import InvalidOptionsError
from .options import Target
from .options import in_batches
from .options import parse_targets
from .options import region_problems
from .permissions import to_options
from .plan import Failure
from .result import told

if t.TYPE_CHECKING:
    from .ec2 import EC2
    from .options import Params
    from .resource import Arguments
    from .resource import Description

IMAGES_PER_PAGE = 1000  # what MaxResults takes in most actions of EC2; for DescribeImages no limit is documented
_TEXTS = [attribute for attribute in ATTRIBUTES if not attribute.kinds]
_LAUNCH = next(attribute for attribute in ATTRIBUTES if attribute.kinds)

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


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
        query = parse_targets(params["image_ids"], Images(), default_region, problems)
    else:
        regions = tuple(params["regions"] or filter(None, [default_region]))
        problems += [] if regions else ["regions: in which Regions? Set regions, or region (or AWS_REGION)"]
        problems += region_problems(regions, "regions" if params["regions"] else "region")
        filters = [
            {"Name": name, "Values": list(_filter_values(name, value, problems))}
            for name, value in (params["filters"] or {}).items()
        ]
        query = Search(regions, filters, params["owners"] or ["self"], params["newest"] or 0)
    if problems:
        raise InvalidOptionsError(problems)
    return query


def _filter_values(name: str, value: t.Any, problems: list[str]) -> t.Iterator[str]:
    """Yield the values of a filter as EC2 writes them: texts, with true and false in small letters."""
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _filter_values(name, each, problems)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, (str, int, float)):
        yield str(value)
    else:
        problems.append(f"filters.{name}: {value!r} is neither text nor a list of texts")


class FindError(Exception):
    """The images could not be read; the text says which and why."""


class Finder:
    """Reads images, ``concurrency`` requests at a time; raises FindError."""

    def __init__(self, ec2: EC2, concurrency: int) -> None:
        self._ec2 = ec2
        self._images = Images()
        self._pool = ThreadPoolExecutor(max_workers=concurrency)

    def by_id(self, targets: t.Sequence[Target]) -> list[dict[str, t.Any]]:
        """Return the images in the order asked for; fail naming every id that is not there."""
        batches = [
            (batch[0].region, self._images.describe_arguments([target.id for target in batch], own=False))
            for batch in in_batches(targets, lambda target: target)
        ]
        found = dict(pair for pairs in self._each(self._described, batches) for pair in pairs)
        images = self._presented([(target, found[target]) for target in targets if target in found])
        there = {Target(image["region"], image["image_id"]) for image in images}
        unknown = [str(target) for target in targets if target not in there]
        if unknown:
            which = f"{len(unknown)} of {len(targets)} images do not exist, or this account may not see them"
            raise FindError(f"{self._images.not_found_code}: {which}: {', '.join(unknown)}")
        return images

    def by_search(self, search: Search) -> list[dict[str, t.Any]]:
        """Return the images found, by Region and then the newest first."""
        arguments: Arguments = {
            "Filters": list(search.filters),
            "Owners": list(search.owners),
            "MaxResults": IMAGES_PER_PAGE,
            **self._images.describe_options,
        }
        regions = sorted(set(search.regions))
        found = self._each(self._described, [(region, arguments) for region in regions])
        newest_first = [sorted(images, key=_created, reverse=True) for images in found]
        return self._presented([image for images in newest_first for image in images[: search.newest or None]])

    def _described(self, request: tuple[str, Arguments]) -> list[tuple[Target, Description]]:
        region, arguments = request
        images: list[tuple[Target, Description]] = []
        try:
            for page in self._ec2.pages(region, self._images.describe_operation, **arguments):
                images += [(Target(region, image["ImageId"]), image) for image in page.get("Images", ())]
        except EC2Error as error:
            raise FindError(f"{region}: {told(error.failure)}") from error
        return images

    def _presented(self, images: list[tuple[Target, Description]]) -> list[dict[str, t.Any]]:
        permissions = self._each(self._launch_permissions, [target for target, _described in images])
        return [
            _present(target, described, held)
            for (target, described), held in zip(images, permissions)
            if not isinstance(held, Failure)
        ]

    def _launch_permissions(self, target: Target) -> dict[str, list[str]] | Failure | None:
        """Return the launch permissions, None for an image of another account: only the owner may read them.

        A Failure tells that the image was deregistered since it was described.
        """
        arguments = self._images.read_arguments(_LAUNCH, target.id)
        try:
            response = self._ec2.call(target.region, self._images.read_operation, **arguments)
        except EC2Error as error:
            failure = error.failure
            if failure.code in (self._images.not_found_code, self._images.state_code):
                return failure
            # EC2 has one code for the image of another (400) and for credentials that it does not know (401).
            if failure.code == "AuthFailure" and "credentials" not in failure.message:
                return None
            raise FindError(f"{target}: {told(failure)}") from error
        return to_options(self._images.permissions(response), _LAUNCH.kinds)

    def _each(self, work: t.Callable[[Item], Result], items: t.Iterable[Item]) -> list[Result]:
        return list(self._pool.map(work, items))


def _created(image: tuple[Target, Description]) -> tuple[str, str]:
    target, described = image
    return described.get("CreationDate", ""), target.id


def _present(
    target: Target, described: Description, launch_permissions: dict[str, list[str]] | None
) -> dict[str, t.Any]:
    """Return an image as the module does. What EC2 leaves out of an image that has none is null, false or empty."""
    volumes = [mapping["Ebs"] for mapping in described.get("BlockDeviceMappings", ()) if "Ebs" in mapping]
    return {
        "image_id": target.id,
        "region": target.region,
        "name": described.get("Name"),
        "owner_id": described.get("OwnerId"),
        "state": described.get("State"),
        "public": bool(described.get("Public")),
        **{attribute.option: described.get(attribute.member) or attribute.unset for attribute in _TEXTS},
        "launch_permissions": launch_permissions,
        "product_codes": [code["ProductCodeId"] for code in described.get("ProductCodes", ())],
        "boot_mode": described.get("BootMode"),
        "tpm_support": described.get("TpmSupport"),
        "deregistration_protection": described.get("DeregistrationProtection"),
        "deprecation_time": described.get("DeprecationTime"),
        "last_launched_time": described.get("LastLaunchedTime"),
        "creation_date": described.get("CreationDate"),
        "encrypted": any(volume.get("Encrypted") for volume in volumes),
        "snapshot_ids": [volume["SnapshotId"] for volume in volumes if "SnapshotId" in volume],
        "tags": {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())},
    }
