# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Keeping: whatever stops a run, and whoever comes between, no record is lost, and none is half written."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import itertools
import json
import os
import resource
import stat
import tempfile
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes import keeping
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import NotKeptError
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keeping import hindrance
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keeping import keep
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keeping import keeper


def record(who: str, second: int = 0) -> str:
    """Return a backup, as far as it is looked at here."""
    return json.dumps({"amikit_backup": 1, "made": made(second), "caller": who, "images": []})


def made(second: int = 0) -> str:
    return f"2026-11-29T10:14:{second:02}Z"


def files(directory: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in directory.iterdir()}


def failing(code: int) -> t.Callable[..., t.NoReturn]:
    """Return a call that fails as the system's do."""

    def fail(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "golden.json"


# What is written


def test_it_is_whole_private_and_alone(file: Path) -> None:
    keep(file, record("a"))
    assert files(file.parent) == {"golden.json": record("a")}
    assert file.stat().st_mode & 0o7777 == 0o600


def test_directories_are_made_when_it_is_written_and_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    file = tmp_path / "link" / "new" / "newer" / "golden.json"
    assert hindrance(file) == ""
    assert list((tmp_path / "there").iterdir()) == []
    keep(file, record("a"))
    assert files(tmp_path / "there" / "new" / "newer") == {"golden.json": record("a")}


def test_earlier_backups_are_kept_by_their_times(file: Path) -> None:
    for number, second in enumerate([1, 2, 2, 2, 3]):
        keep(file, record(str(number), second))
    assert files(file.parent) == {
        "golden.json": record("4", 3),
        f"golden.json.{made(1)}": record("0", 1),
        f"golden.json.{made(2)}": record("1", 2),
        f"golden.json.{made(2)}.2": record("2", 2),
        f"golden.json.{made(2)}.3": record("3", 2),
    }


def test_the_name_with_the_time_may_be_taken_by_anything(file: Path) -> None:
    keep(file, record("a"))
    file.with_name(f"golden.json.{made()}").symlink_to("nowhere")
    file.with_name(f"golden.json.{made()}.2").mkdir()
    keep(file, record("b"))
    assert file.read_text() == record("b")
    assert file.with_name(f"golden.json.{made()}.3").read_text() == record("a")


def test_a_relative_path_starts_where_the_run_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keeps, problems = keeper("golden.json")
    assert keeps
    assert (problems, keeps.result) == ([], {})
    monkeypatch.chdir("/")
    keeps(record("a"))
    assert keeps.result == {"backup_file": str(tmp_path / "golden.json")}
    assert files(tmp_path) == {"golden.json": record("a")}


# What is in the way


def _link_to_nothing(file: Path) -> None:
    file.symlink_to("elsewhere.json")


def _link_to_a_backup(file: Path) -> None:
    keep(file.with_name("elsewhere.json"), record("elsewhere"))
    file.symlink_to("elsewhere.json")


def _holding(text: str) -> t.Callable[[Path], t.Any]:
    return lambda file: file.write_text(text)


LINK = "{} is a symbolic link, which a backup does not replace"
NO_FILE = "{} is there already and is not a file"
NO_BACKUP = "{} is there already and is not an earlier backup, so it is not replaced"
IN_THE_WAY: dict[str, tuple[t.Callable[[Path], t.Any], str]] = {
    "a link to nothing": (_link_to_nothing, LINK),
    "a link to a backup": (_link_to_a_backup, LINK),
    "a directory": (Path.mkdir, NO_FILE),
    "a pipe": (os.mkfifo, NO_FILE),
    "an empty file": (Path.touch, NO_BACKUP),
    "half a backup": (_holding(record("a")[:-9]), NO_BACKUP),
    "somebody's file": (_holding('{"mine": 1}'), NO_BACKUP),
    "a backup with a path for its time": (_holding(record("a").replace(made(), "../../x")), NO_BACKUP),
}


@pytest.mark.parametrize(("put", "problem"), IN_THE_WAY.values(), ids=list(IN_THE_WAY))
def test_what_is_in_the_way_stays_and_is_named(file: Path, put: t.Callable[[Path], t.Any], problem: str) -> None:
    put(file)
    was = states(file.parent)
    assert hindrance(file) == problem.format(file)
    assert keeper(str(file))[1] == [f"backup: {problem.format(file)}"]
    # It may have come there after the first look.
    with pytest.raises(NotKeptError) as refused:
        keep(file, record("b"))
    assert str(refused.value) == problem.format(file)
    assert states(file.parent) == was


def states(directory: Path) -> list[tuple[str, int, int]]:
    found = {each.name: each.lstat() for each in directory.iterdir()}
    return sorted((name, each.st_ino, each.st_mode) for name, each in found.items())


def test_a_directory_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling"):
        path = tmp_path / name / "new" / "golden.json"
        assert hindrance(path) == f"{tmp_path / name} is not a directory"
        with pytest.raises(NotKeptError, match=rf"^{tmp_path / name}.*: (Not a directory|File exists)$"):
            keep(path, record("a"))
    assert hindrance(Path("/")) == "/ is a directory"


@pytest.mark.parametrize("name", ["gol\0den.json", "gol\ud800den.json"], ids=["NUL", "half a character"])
def test_what_cannot_be_a_name_is_named(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    assert keeper(path)[1] == [f"backup: {path!r} is not a file name"]


def test_a_directory_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert hindrance(tmp_path / "new" / "golden.json") == f"{tmp_path} cannot be written to"


def test_a_file_that_cannot_be_read_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(file, record("a"))
    monkeypatch.setattr(Path, "read_bytes", failing(errno.EACCES))
    assert hindrance(file) == f"{file}: Permission denied"


# What fails while it is written


FAILING: dict[str, tuple[t.Any, str, int, str]] = {
    "no file can be made": (tempfile, "mkstemp", errno.EROFS, "Read-only file system"),
    "the disk is full": (os, "fsync", errno.ENOSPC, "No space left on device"),
    "the quota of the disk is used up": (os, "fsync", errno.EDQUOT, "Disk quota exceeded"),
    "no name can be given": (os, "open", errno.ENOSPC, "No space left on device"),
    "no name can be changed": (Path, "rename", errno.EIO, "Input/output error"),
}


@pytest.mark.parametrize(("where", "name", "code", "why"), FAILING.values(), ids=list(FAILING))
@pytest.mark.parametrize("earlier", [{}, {"golden.json": record("earlier")}], ids=["nothing there", "an earlier one"])
def test_what_cannot_be_kept_leaves_everything_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch, where: t.Any, name: str, code: int, why: str, earlier: dict[str, str]
) -> None:
    for each, text in earlier.items():
        keep(file.with_name(each), text)
    without_links(monkeypatch)
    monkeypatch.setattr(where, name, failing(code))
    with pytest.raises(NotKeptError) as refused:
        keep(file, record("new"))
    assert str(refused.value) == f"{file}: {why}"
    assert files(file.parent) == earlier


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "mkdir", failing(errno.EROFS))
    with pytest.raises(NotKeptError, match=r"golden\.json: Read-only file system"):
        keep(tmp_path / "new" / "golden.json", record("new"))
    assert not list(tmp_path.iterdir())


def test_every_directory_that_is_made_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
    )
    keep(tmp_path / "a" / "b" / "golden.json", record("new"))
    assert {str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a" / "b")} <= set(flushed)


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", failing(errno.EPERM))


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))


def test_a_disk_that_is_full_halfway(file: Path) -> None:
    """The system itself refuses to write more than some of it."""
    keep(file, record("earlier"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(NotKeptError, match=r"File too large$"):
            keep(file, record("x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files(file.parent) == {"golden.json": record("earlier")}


@pytest.mark.parametrize(("code", "is_kept"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_a_directory_that_cannot_be_flushed(
    file: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_kept: bool
) -> None:
    """Some file systems flush files and no directories; an error of the disk is another matter."""
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        (failing(code) if stat.S_ISDIR(os.fstat(descriptor).st_mode) else flush)(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with contextlib.nullcontext() if is_kept else pytest.raises(NotKeptError, match=r"Input/output error$"):
        keep(file, record("a"))
    assert files(file.parent) == {"golden.json": record("a")}


def test_a_directory_that_somebody_has_locked_for_good(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may read the directory can do that, and nothing is lost without a lock."""
    monkeypatch.setattr(keeping, "_PATIENCE", 0.05)
    keep(file, record("earlier"))
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        keep(file, record("a", 1))
    finally:
        os.close(descriptor)
    assert files(file.parent) == {"golden.json": record("a", 1), f"golden.json.{made()}": record("earlier")}


# Whoever comes between, and whenever a run ends: before each of its calls to the file system in turn

CALLS: list[tuple[t.Any, str]] = [
    (Path, "mkdir"),
    (Path, "lstat"),
    (Path, "read_bytes"),
    (Path, "rename"),
    (Path, "unlink"),
    (os, "open"),
    (os, "link"),
    (os, "fsync"),
]


@contextlib.contextmanager
def watched(before: t.Callable[[int], None]) -> t.Iterator[None]:
    """Let ``before`` have the number of every call to the file system before it is made."""
    numbers = itertools.count(1)

    def watching(call: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def numbered(*arguments: t.Any, **options: t.Any) -> t.Any:
            before(next(numbers))
            return call(*arguments, **options)

        return numbered

    with pytest.MonkeyPatch.context() as patch:
        for where, name in CALLS:
            patch.setattr(where, name, watching(getattr(where, name)))
        yield


def kept(file: Path, text: str) -> set[str]:
    """Return the record if it was kept, and nothing if that was refused."""
    try:
        keep(file, text)
    except NotKeptError:
        return set()
    return {text}


def _come(moment: int, file: Path, came: set[str], call: int) -> None:
    """Let another run keep a backup at the call with that number, and remember that it did."""
    if call == moment:
        came.update({"came"}, kept(file, record("another", 1)))


@pytest.mark.parametrize("earlier", [False, True], ids=["nothing there", "an earlier one"])
@pytest.mark.parametrize("links", [False, True], ids=["without links", "with links"])
def test_another_run_may_come_at_any_moment_even_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool, earlier: bool
) -> None:
    without_locks(monkeypatch)
    if not links:
        without_links(monkeypatch)
    for moment in itertools.count(1):
        file = tmp_path / str(moment) / "golden.json"
        records = kept(file, record("earlier")) if earlier else set()
        came: set[str] = set()
        another = functools.partial(_come, moment, file, came)
        with watched(another):
            records |= kept(file, record("one", 2))
        assert sorted(files(file.parent).values()) == sorted((records | came) - {"came"})
        if not came:
            break
        # Without links either, one may be refused while the other gives the name, and changes nothing then.
        assert not links or len(records | came) == 3 + earlier
    assert moment > 8, "it was never interrupted, so this shows nothing"


class Killed(BaseException):
    """Nothing more is done once this is raised, as after SIGKILL."""


@pytest.mark.parametrize("earlier", [False, True], ids=["nothing there", "an earlier one"])
def test_a_run_may_be_killed_at_any_moment(tmp_path: Path, earlier: bool) -> None:
    for moment in itertools.count(1):
        file = tmp_path / str(moment) / "golden.json"
        records = kept(file, record("earlier")) if earlier else set()

        def kill(call: int, moment: int = moment) -> None:
            if call >= moment:
                raise Killed

        with watched(kill):
            try:
                keep(file, record("killed", 1))
            except Killed:
                was_killed = True
            else:
                was_killed = False
        named = {name: text for name, text in named_files(file.parent).items() if text}
        assert records <= set(named.values()) <= records | {record("killed", 1)}
        keep(file, record("rerun", 2))
        assert file.read_text() == record("rerun", 2)
        assert set(named.values()) | {record("rerun", 2)} == set(named_files(file.parent).values()) - {""}
        if not was_killed:
            break
    assert moment > 8, "it was never killed, so this shows nothing"


def named_files(directory: Path) -> dict[str, str]:
    """Return what is there under the name of the backup, or under that with a time; nothing without a directory."""
    found = files(directory) if directory.exists() else {}
    return {name: text for name, text in found.items() if not name.startswith(".")}


@pytest.mark.parametrize("lacks", [[], [without_links], [without_locks]], ids=["all", "no links", "no locks"])
def test_many_runs_at_once(
    file: Path, monkeypatch: pytest.MonkeyPatch, lacks: list[t.Callable[[pytest.MonkeyPatch], None]]
) -> None:
    for lack in lacks:
        lack(monkeypatch)
    texts = [record(str(number), number % 3) for number in range(60)]
    with ThreadPoolExecutor(4) as executor:
        list(executor.map(functools.partial(keep, file), texts))
    assert sorted(files(file.parent).values()) == sorted(texts)
