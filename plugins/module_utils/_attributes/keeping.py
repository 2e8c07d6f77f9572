# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Keeping: a backup on disk. It is whole before it has its name, and no earlier one is lost.

The only file of _attributes that writes to the file system.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .backup import NotABackupError
from .backup import NotKeptError
from .backup import parsed


def hindrance(path: Path) -> str:
    """Return why a backup cannot be written there, nothing if it can. Nothing is written, no directory made."""
    if not path.name:
        return f"{path} is a directory"
    try:
        return _not_replaceable(path) or _no_directory(path.parent)
    except OSError as error:
        return _text(error, path)


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
    """Return what writes the backup that a task asks for, if it does, and why it could not be written there."""
    if path is None:
        return None, []
    file = Path(path).absolute()
    problem = hindrance(file)
    return Keeper(file), [f"backup: {problem}"] if problem else []


def keep(path: Path, text: str) -> None:
    """Write a backup, flushed to disk; raise NotKeptError. Of an earlier one, the name ends in its time from now on."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp() creates a file of mode 0600 that was not there.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with _locked(path.parent) as directory:
                _name(Path(name), path)
                os.fsync(directory)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise NotKeptError(_text(error, path)) from error


@contextlib.contextmanager
def _locked(directory: Path) -> t.Iterator[int]:
    """Let one run at a time give names in the directory. File systems without locks, such as NFS, go without."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _name(new: Path, path: Path) -> None:
    while True:
        # What was there before the first request may have been replaced since.
        problem = _not_replaceable(path)
        if problem:
            raise NotKeptError(problem)
        if path.exists():
            path.rename(_aside(path))
        try:
            # Unlike a renaming, a link never replaces what another run has put there meanwhile.
            os.link(new, path)
        except FileExistsError:
            continue
        except OSError:
            new.replace(path)  # a file system without hard links
        return


def _aside(path: Path) -> Path:
    """Return the name under which an earlier backup is kept: that of no other file."""
    dated = f"{path.name}.{parsed(path.read_bytes())['made']}"
    number, aside = 1, path.with_name(dated)
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{dated}.{number}")
    return aside


def _not_replaceable(path: Path) -> str:
    """Return why the file may not be set aside: only an earlier backup is, and never what a link points to."""
    if path.is_symlink():
        return f"{path} is a symbolic link, which a backup does not replace"
    if not path.exists():
        return ""
    if not path.is_file():
        return f"{path} is there already and is not a file"
    try:
        parsed(path.read_bytes())
    except NotABackupError:
        return f"{path} is there already and is not an earlier backup, so it is not replaced"
    return ""


def _no_directory(directory: Path) -> str:
    nearest = next(each for each in (directory, *directory.parents) if os.path.lexists(each))
    if not nearest.is_dir():
        return f"{nearest} is not a directory"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} cannot be written to"


def _text(error: OSError, path: Path) -> str:
    return f"{error.filename or path}: {error.strerror}"
