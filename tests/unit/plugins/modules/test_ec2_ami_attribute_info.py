# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_ami_attribute_info over HTTP: what is found, in which order, in what shape, and at what cost."""

from __future__ import annotations

import threading
import typing as t
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

import pytest
from unit.images import warned

from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import ATTRIBUTES
from local_ec2.client import LocalEC2

AMI = "ami-0123456789abcdef0"
OTHER = "ami-0fedcba9876543210"
A, FOREIGN = "111111111111", "999999999999"
ORG = "arn:aws:organizations::123456789012:organization/o-abcdefghij"

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module("ec2_ami_attribute_info", **options)


def ids(result: Json) -> list[str]:
    assert not result["failed"], result["msg"]
    return [image["image_id"] for image in result["images"]]


def test_an_image_whole(ec2: LocalEC2, run: Run) -> None:
    seeded = ec2.seed(
        {
            "image_id": AMI,
            "name": "golden-1",
            "description": "Golden",
            "imds_support": "v2.0",
            "launch_permissions": {"user_ids": [A], "org_arns": [ORG], "group_names": ["all"]},
            "product_codes": ["abcdefghijklmnopqrstuvwxy"],
            "boot_mode": "uefi",
            "tpm_support": "v2.0",
            "deregistration_protection": "enabled-without-cooldown",
            "creation_date": "2026-11-01T10:00:00.000Z",
            "deprecation_time": "2028-11-01T10:00:00.000Z",
            "last_launched_time": "2026-11-20T10:00:00Z",
            "snapshots": [{"encrypted": True}, {}],
            "ephemeral": True,
            "tags": {"Release": "1", "ec2:SharedTag/status": "approved"},
        }
    )
    result = run(region="us-east-1", image_id=AMI)
    assert not result["changed"]
    image = result["images"][0]
    dates = {key: image.pop(key) for key in ("creation_date", "deprecation_time", "last_launched_time")}
    assert [date[:10] for date in dates.values()] == ["2026-11-01", "2028-11-01", "2026-11-20"]
    assert image == {
        **{attribute.option: attribute.unset for attribute in ATTRIBUTES if not attribute.clears or attribute.kinds},
        "image_id": AMI,
        "region": "us-east-1",
        "name": "golden-1",
        "owner_id": "123456789012",
        "state": "available",
        "public": True,
        "description": "Golden",
        "imds_support": "v2.0",
        "launch_permissions": {"user_ids": [A], "group_names": ["all"], "org_arns": [ORG], "org_unit_arns": []},
        "product_codes": ["abcdefghijklmnopqrstuvwxy"],
        "boot_mode": "uefi",
        "tpm_support": "v2.0",
        "deregistration_protection": "enabled-without-cooldown",
        "encrypted": True,
        "snapshot_ids": seeded[0]["snapshot_ids"],
        "tags": {"Release": "1", "ec2:SharedTag/status": "approved"},
        "shared_tags": {"status": "approved"},
        "image_allowed": None,
        "watermarks": [],
    }
    assert len(image["snapshot_ids"]) == 2


def test_an_image_with_nothing_set(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    image = run(region="us-east-1", image_id=AMI)["images"][0]
    assert (image["description"], image["imds_support"], image["public"], image["encrypted"]) == (
        "",
        None,
        False,
        False,
    )
    assert image["launch_permissions"] == {"user_ids": [], "group_names": [], "org_arns": [], "org_unit_arns": []}
    assert (image["product_codes"], image["tags"]) == ([], {})


def test_by_id_in_the_order_asked_for(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI}, {"image_id": OTHER, "region": "eu-west-1"})
    result = run(region="us-east-1", image_ids=[f"eu-west-1:{OTHER}", AMI, AMI])
    assert [(image["image_id"], image["region"]) for image in result["images"]] == [
        (OTHER, "eu-west-1"),
        (AMI, "us-east-1"),
    ]


def test_every_unknown_id_is_named(ec2: LocalEC2, run: Run) -> None:
    unknown = [f"ami-{number:08x}" for number in range(8)]
    ec2.seed({"image_id": AMI})
    result = run(region="us-east-1", image_ids=[AMI, *unknown])
    assert result["failed"]
    assert "8 of 9 images do not exist" in result["msg"]
    assert [each for each in unknown if f"{each} (us-east-1)" not in result["msg"]] == []
    assert AMI not in result["msg"]


def test_launch_permissions_of_another_account_are_null(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(
        {"image_id": AMI, "owner_id": FOREIGN, "launch_permissions": {"group_names": ["all"]}}, {"image_id": OTHER}
    )
    images = run(region="us-east-1", image_ids=[AMI, OTHER])["images"]
    assert images[0]["launch_permissions"] is None
    assert (images[0]["owner_id"], images[0]["public"]) == (FOREIGN, True)
    assert images[1]["launch_permissions"]["user_ids"] == []


def test_disabled_and_deprecated_images_are_included(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(
        {"image_id": AMI, "state": "disabled", "creation_date": "2026-01-02T00:00:00.000Z"},
        {
            "image_id": OTHER,
            "deprecation_time": "2020-01-01T00:00:00.000Z",
            "creation_date": "2026-01-01T00:00:00.000Z",
        },
    )
    assert ids(run(region="us-east-1", image_ids=[AMI, OTHER])) == [AMI, OTHER]
    assert ids(run(region="us-east-1", filters={})) == [AMI, OTHER]


def seed_releases(ec2: LocalEC2) -> None:
    """Four releases in each of two Regions, the later number the newer image, and images that are something else."""
    for region, digit in (("us-east-1", "a"), ("eu-west-1", "b")):
        ec2.seed(
            *(
                {
                    "image_id": f"ami-{digit * 7}{number}",
                    "region": region,
                    "name": f"golden-{number}",
                    "creation_date": f"2026-0{number}-01T00:00:00.000Z",
                    "tags": {"Stage": "live" if number > 2 else "old"},
                }
                for number in (2, 4, 1, 3)
            ),
            {"image_id": f"ami-{digit * 8}", "region": region, "name": "other", "owner_id": FOREIGN},
        )


SEARCHES: dict[str, tuple[Json, list[str]]] = {
    "by name, over two Regions": (
        {"regions": ["us-east-1", "eu-west-1"], "filters": {"name": "golden-*"}},
        [f"ami-bbbbbbb{number}" for number in (4, 3, 2, 1)] + [f"ami-aaaaaaa{number}" for number in (4, 3, 2, 1)],
    ),
    "the newest of each Region": (
        {"regions": ["us-east-1", "eu-west-1"], "filters": {"name": "golden-*"}, "newest": 2},
        ["ami-bbbbbbb4", "ami-bbbbbbb3", "ami-aaaaaaa4", "ami-aaaaaaa3"],
    ),
    "in the task's Region": ({"region": "eu-west-1", "newest": 1}, ["ami-bbbbbbb4"]),
    "by tag and name": (
        {"region": "us-east-1", "filters": {"tag:Stage": "live", "name": ["golden-3", "golden-1"]}},
        ["ami-aaaaaaa3"],
    ),
    "of other owners": ({"region": "us-east-1", "owners": [FOREIGN]}, ["ami-aaaaaaaa"]),
    "a Region named twice": ({"regions": ["eu-west-1"] * 2, "newest": 1}, ["ami-bbbbbbb4"]),
    "by a list of booleans": ({"region": "us-east-1", "filters": {"is-public": [True]}}, []),
    "by numbers": ({"region": "us-east-1", "owners": ["self"], "filters": {"owner-id": [999999999999]}}, []),
    "nothing there": ({"region": "us-west-2", "filters": {"name": "golden-*"}}, []),
}


@pytest.mark.parametrize(("options", "found"), SEARCHES.values(), ids=list(SEARCHES))
def test_search(ec2: LocalEC2, run: Run, options: Json, found: list[str]) -> None:
    seed_releases(ec2)
    assert ids(run(**options)) == found


def test_an_image_deregistered_while_it_is_read(ec2: LocalEC2, run: Run) -> None:
    seed_releases(ec2)
    search = {"region": "us-east-1", "filters": {"name": "golden-*"}}
    ec2.switch(deregister_after_read=["ami-aaaaaaa3"])
    result = run(**search)
    assert ids(result) == ["ami-aaaaaaa4", "ami-aaaaaaa2", "ami-aaaaaaa1"]
    assert warned(result) == [
        "1 image(s) that the search found were deregistered in the meantime and are left out: ami-aaaaaaa3 (us-east-1)"
    ]
    ec2.switch(deregister_after_read=["ami-aaaaaaa2"])
    result = run(region="us-east-1", image_ids=["ami-aaaaaaa1", "ami-aaaaaaa2"])
    assert result["failed"]
    assert "1 of 2 images do not exist, or this account may not see them: ami-aaaaaaa2 (us-east-1)" in result["msg"]


SELECTIONS: list[Json] = [{"filters": {"name": "golden-*"}}, {"image_ids": ["ami-aaaaaaa4", "ami-aaaaaaa3"]}]


@pytest.mark.parametrize("code", ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"])
@pytest.mark.parametrize("selection", SELECTIONS, ids=["search", "ids"])
def test_an_image_that_is_there_is_not_left_out_because_ec2_does_not_know_it_for_a_moment(
    ec2: LocalEC2, run: Run, selection: Json, code: str
) -> None:
    seed_releases(ec2)
    fault = {"code": code, "action": "DescribeImageAttribute", "times": 1}
    ec2.switch(errors_of={"ami-aaaaaaa3": fault})
    result = run(region="us-east-1", **selection)
    assert ids(result)[:2] == ["ami-aaaaaaa4", "ami-aaaaaaa3"]
    assert result["images"][1]["launch_permissions"]["user_ids"] == []
    assert warned(result) == []


@pytest.mark.parametrize("code", ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"])
@pytest.mark.parametrize("selection", SELECTIONS, ids=["search", "ids"])
def test_an_image_that_is_there_and_stays_unknown_fails_the_task(
    ec2: LocalEC2, run: Run, selection: Json, code: str
) -> None:
    seed_releases(ec2)
    ec2.switch(errors_of={"ami-aaaaaaa3": {"code": code, "message": "No.", "action": "DescribeImageAttribute"}})
    result = run(region="us-east-1", **selection)
    assert result["failed"]
    assert f"ami-aaaaaaa3 (us-east-1): DescribeImageAttribute: {code}: No" in result["msg"]
    assert "although DescribeImages shows the image. Run the task again" in result["msg"]


class _Watermarked(BaseHTTPRequestHandler):
    """Answers as EC2 does about an image with a watermark, which moto knows nothing of."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        attribute = b"<launchPermission/>"
        image = b"""<imagesSet><item><imageId>ami-0123456789abcdef0</imageId><imageAllowed>false</imageAllowed>
            <imageWatermarkSet><item><watermarkKey>123456789012:approved</watermarkKey>
            <sourceImageRegion>us-east-1</sourceImageRegion><sourceImageId>ami-0fedcba9876543210</sourceImageId>
            <sourceImageCreationTime>2026-11-01T10:00:00.000Z</sourceImageCreationTime>
            <watermarkCreationTime>2026-11-02T10:00:00.000Z</watermarkCreationTime></item></imageWatermarkSet>
            </item></imagesSet>"""
        body = b"<answer>" + (attribute if b"DescribeImageAttribute" in asked else image) + b"</answer>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 the name is the base class's
        pass


def test_a_watermark_and_allowed_amis(ec2: LocalEC2, run: Run) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Watermarked) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        result = run(region="us-east-1", image_id=AMI, endpoint_url=f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert ids(result) == [AMI]
    assert result["images"][0]["image_allowed"] is False
    assert result["images"][0]["watermarks"] == [
        {
            "watermark_key": "123456789012:approved",
            "source_image_region": "us-east-1",
            "source_image_id": OTHER,
            "source_image_creation_time": "2026-11-01T10:00:00+00:00",
            "watermark_creation_time": "2026-11-02T10:00:00+00:00",
        }
    ]


def test_a_large_search_is_paged(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(*({"image_id": f"ami-{number:017x}"} for number in range(1005)))
    assert len(ids(run(region="us-east-1", filters={}, newest=1005))) == 1005
    assert ec2.summary() == {"DescribeImages": 2, "DescribeImageAttribute": 1005}


def test_two_hundred_images_cost_one_description_and_one_read_each(ec2: LocalEC2, run: Run) -> None:
    named = [f"ami-{number:017x}" for number in range(200)]
    ec2.seed(*({"image_id": each} for each in named))
    assert ids(run(region="us-east-1", image_ids=named)) == named
    assert ec2.summary() == {"DescribeImages": 1, "DescribeImageAttribute": 200}


def test_no_ids_are_no_images(ec2: LocalEC2, run: Run) -> None:
    assert ids(run(image_ids=[])) == []
    assert ec2.requests() == []


BAD: dict[str, tuple[Json, str]] = {
    "a malformed id": ({"image_ids": ["ami-xyz"]}, "image_ids: 'ami-xyz' is not the id of an AMI"),
    "ids and filters": (
        {"image_ids": [AMI], "filters": {}},
        "filters: belongs to a search, and image_ids names the images",
    ),
    "ids and newest": ({"image_ids": [AMI], "newest": 1}, "newest: belongs to a search"),
    "a filter of nothing": ({"filters": {"name": None}}, "filters.name: None is neither text nor a list of texts"),
    "a filter in a filter": ({"filters": {"tag": {"R": "1"}}}, "filters.tag: {'R': '1'} is neither text"),
    "a filter of an empty list": ({"filters": {"name": []}}, "filters.name: has no value; leave the filter out"),
    "a filter of lists that are empty": ({"filters": {"name": [[], []]}}, "filters.name: has no value"),
    "no Regions": ({"regions": []}, "regions: names no Region; leave it out to search the task's Region"),
    "a Region without a name": ({"regions": [""]}, "regions: '' is not the name of a Region"),
    "no owners": ({"owners": []}, "owners: is empty or has an empty entry; leave it out for your own images"),
    "an owner without a name": ({"owners": ["self", ""]}, "owners: is empty or has an empty entry"),
    "newest of none": ({"newest": 0}, "newest: 0 is less than 1"),
    "no concurrency": ({"concurrency": 0}, "concurrency: 0 is less than 1"),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=list(BAD))
def test_bad_input_sends_nothing(ec2: LocalEC2, run: Run, options: Json, words: str) -> None:
    result = run(**options)
    assert result["failed"]
    assert words in result["msg"]
    assert ec2.requests() == []


def test_all_that_is_wrong_is_told_one_a_line(run: Run) -> None:
    result = run(regions=[], owners=[], filters={"name": [], "state": None}, newest=0)
    assert result["msg"].splitlines() == [
        "5 problems in the task; nothing was sent to EC2:",
        "newest: 0 is less than 1",
        "regions: names no Region; leave it out to search the task's Region",
        "owners: is empty or has an empty entry; leave it out for your own images, or name accounts, self or amazon",
        "filters.name: has no value; leave the filter out",
        "filters.state: None is neither text nor a list of texts",
    ]


def test_what_is_null_is_not_set(ec2: LocalEC2, run: Run) -> None:
    seed_releases(ec2)
    null = dict.fromkeys(["image_ids", "regions", "owners", "newest"])
    assert len(ids(run(region="us-east-1", filters={"name": "golden-*"}, **null))) == 4


def test_no_region_at_all(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    result = run(filters={})
    assert result["failed"]
    assert "in which Regions? Set regions" in result["msg"]


def test_a_filter_that_ec2_refuses(ec2: LocalEC2, run: Run) -> None:
    result = run(region="us-east-1", filters={"image-id": [f"ami-{number:08x}" for number in range(201)]})
    assert result["failed"]
    assert "us-east-1: DescribeImages: " in result["msg"]
    assert "request id" in result["msg"]


def test_a_denial_names_the_action(ec2: LocalEC2, run: Run) -> None:
    ec2.seed({"image_id": AMI})
    statement = {"Effect": "Allow", "Action": "ec2:DescribeImages", "Resource": "*"}
    made = ec2.principal("reader", {"Version": "2012-10-17", "Statement": [statement]})
    result = run(region="us-east-1", image_id=AMI, access_key=made["access_key"], secret_key=made["secret_key"])
    assert result["failed"]
    assert f"{AMI} (us-east-1): DescribeImageAttribute: UnauthorizedOperation" in result["msg"]
