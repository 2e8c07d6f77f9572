# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Keeping: a backup on disk. It gets its name only when it is complete, and no earlier one is lost.

The only file of _attributes that writes to the file system.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import stat
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .backup import NotABackupError
from .backup import NotKeptError
from .backup import parsed

_PATIENCE = 5.0  # seconds for another run to name its files, which takes only a moment


def hindrance(path: Path) -> str:
    """Return why a backup cannot be written there, or nothing if it can. Writes nothing, and creates no directory."""
    if not path.name:
        return f"{path} is a directory"
    try:
        _made(path)
        return _no_directory(path.parent)
    except NotKeptError as error:
        return str(error)
    except OSError as error:
        return _text(error, path)
    except ValueError:
        # A NUL, or half of a character: no file system has such a name, and Python raises no OSError for it.
        return f"{str(path)!r} is not a file name"


@dataclass
class Keeper:
    """Writes the backup of a run, and knows whether it did."""

    path: Path
    written: bool = False

    def __call__(self, text: str) -> None:
        keep(self.path, text)
        self.written = True

    @property
    def result(self) -> dict[str, str]:
        """What a task returns about it."""
        return {"backup_file": str(self.path)} if self.written else {}


def keeper(path: str | None) -> tuple[Keeper | None, list[str]]:
    """Return the writer of the backup that a task asks for, if any, and why it could not be written there."""
    if path is None:
        return None, []
    file = Path(path).absolute()
    problem = hindrance(file)
    return Keeper(file), [f"backup: {problem}"] if problem else []


def keep(path: Path, text: str) -> None:
    """Write a backup, flushed to disk; raise NotKeptError. An earlier one is renamed, with its time at the end."""
    try:
        _make(path.parent)
        # mkstemp() creates a file of mode 0600 that was not there.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with _locked(path.parent) as directory:
                _name(Path(name), path)
                _flush(directory)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise NotKeptError(_text(error, path)) from error


def _make(directory: Path) -> None:
    """Make a directory and those above it, each flushed: if its name were lost, so would be what is in it."""
    if directory.is_dir():
        return
    _make(directory.parent)
    directory.mkdir(exist_ok=True)
    descriptor = os.open(directory.parent, os.O_RDONLY)
    try:
        _flush(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(directory: Path) -> t.Iterator[int]:
    """Let only one run at a time name files in the directory. File systems without locks, such as NFS, go without.

    So does a run that waits for too long: whoever may read a directory, such as /tmp, can lock it for good.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock the directory, for as long as it stays open; raise OSError if it cannot be locked."""
    deadline = time.monotonic() + _PATIENCE
    while not _is_locked(descriptor) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_locked(descriptor: int) -> bool:
    """Lock the directory unless another process has; raise OSError if it cannot be locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flush(directory: int) -> None:
    try:
        os.fsync(directory)
    except OSError as error:
        # What some network file systems answer: they flush files, but not directories.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise


def _name(new: Path, path: Path) -> None:
    """Give a file the name of the backup. Without locks, two runs may be here at once: no step replaces a file."""
    named = False
    while not named:
        # What was there before the first request may have been replaced since.
        made = _made(path)
        if made:
            _set_aside(path, made)
        # Another run may take the name here; if so, its file is set aside next.
        with contextlib.suppress(FileExistsError):
            _link(new, path)
            named = True


def _link(new: Path, path: Path) -> None:
    """Let the file have that name too, or that name alone; raise FileExistsError if it is taken."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:
        _move(new, path)  # a file system without hard links


def _set_aside(path: Path, made: str) -> None:
    """Give an earlier backup the name that ends in its time, and in a number if that is taken."""
    for number in itertools.count(1):
        aside = path.with_name(f"{path.name}.{made}" + (f".{number}" if number > 1 else ""))
        try:
            _move(path, aside)
        except FileExistsError:
            continue
        except FileNotFoundError:
            pass  # another run has just set it aside
        return


def _move(file: Path, name: Path) -> None:
    """Rename a file; raise FileExistsError if the name is taken."""
    # Renaming replaces whatever has the name, so that must be a file of this run alone.
    os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        file.rename(name)
    except OSError:
        name.unlink()
        raise


def _made(path: Path) -> str | None:
    """Return when the backup that is there was made, None if nothing is there.

    Raise NotKeptError for what may not be set aside: only an earlier backup is, and never what a link points to.
    """
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise NotKeptError(f"{path} is a symbolic link, which a backup does not replace")
        if not stat.S_ISREG(mode):
            raise NotKeptError(f"{path} is there already and is not a file")
        made: str = parsed(path.read_bytes())["made"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except NotABackupError:
        raise NotKeptError(f"{path} is there already and is not an earlier backup, so it is not replaced") from None
    return made


def _no_directory(directory: Path) -> str:
    nearest = next(each for each in (directory, *directory.parents) if os.path.lexists(each))
    if not nearest.is_dir():
        return f"{nearest} is not a directory"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} cannot be written to"


def _text(error: OSError, path: Path) -> str:
    return f"{error.filename or path}: {error.strerror}"
