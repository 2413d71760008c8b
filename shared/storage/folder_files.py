"""The file operations under a folder store: links, bodies and the locks that order their writers."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Self

from shared.storage.bodies import disk_errors

_BODY_NAME = re.compile(r"\.[0-9a-f]{16}\.([0-9a-f]{64})\.([a-z]+),([a-z0-9.+-]+)")


@dataclass(frozen=True, kw_only=True)
class BodyName:
    """What the file name of a body tells: ``.<token>.<sha256>.<type>,<subtype>``."""

    sha256: str
    media_type: str

    def fresh(self) -> str:
        """Write it with a token of its own, so that no two bodies share a file."""
        return f".{secrets.token_hex(8)}.{self.sha256}.{self.media_type.replace('/', ',')}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read a name; None when it is none of ours."""
        match = _BODY_NAME.fullmatch(name)
        return cls(sha256=match[1], media_type=f"{match[2]}/{match[3]}") if match else None


def read_link(link: Path) -> str | None:
    """Tell where a link leads: None when it is missing, empty when something else is in its place."""
    try:
        return str(link.readlink())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            return ""
        raise


def create_link(link: Path, body: Path) -> bool:
    """Make a body an object; False when there is one already."""
    try:
        link.symlink_to(body.name)
    except FileExistsError:
        return False
    _sync(link.parent)
    return True


def replace_link(link: Path, body: Path) -> None:
    """Make a body the object, and remove the body that was it before."""
    fresh = link.with_name(f".{secrets.token_hex(8)}.link")
    with removed_on_error(body, fresh), _locked(link.parent):
        before = read_link(link)
        fresh.symlink_to(body.name)
        fresh.replace(link)
    _sync(link.parent)
    _remove_body(link, before)


def remove_link(link: Path) -> None:
    """Delete an object, then its body; nothing happens when it is missing."""
    if not link.parent.is_dir():
        return
    with _locked(link.parent):
        before = read_link(link)
        link.unlink(missing_ok=True)
        _remove_body(link, before)


def remove_link_without_body(link: Path) -> None:
    """Remove a link that leads nowhere, as left when someone removed hidden files."""
    with _locked(link.parent):
        if link.is_symlink() and not link.exists():
            link.unlink()


def _remove_body(link: Path, name: str | None) -> None:
    if name and BodyName.parse(name):
        link.with_name(name).unlink(missing_ok=True)


@contextmanager
def removed_on_error(*paths: Path) -> Iterator[None]:
    """Leave no body without a link when a link could not be made, for example on a full disk."""
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise


def move_in(incoming: Path, body: Path) -> Path:
    """Move a complete body into its folder, which another process may be erasing at this moment.

    Raises:
        FileNotFoundError: The incoming file itself was erased.
    """
    while True:
        body.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            incoming.rename(body)
        except FileNotFoundError:
            incoming.stat()  # still there: it was the folder that went, make it again
        else:
            _sync(body.parent)
            return body


@contextmanager
def incoming_file(folder: Path, prefix: str, action: str) -> Iterator[tuple[Path, FileIO]]:
    """A new file for a body on its way; it is removed at the end when it is still there."""
    with disk_errors(action):
        path, file = _create_locked(folder, prefix)
    try:
        yield path, file
    finally:
        file.close()
        path.unlink(missing_ok=True)


def _create_locked(folder: Path, prefix: str) -> tuple[Path, FileIO]:
    while True:
        path = folder / f"{prefix}{secrets.token_hex(8)}"
        file = FileIO(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return path, file
        file.close()  # a store opened just now took it for a leftover


def remove_leftovers(folder: Path) -> None:
    """Remove the files whose writers are gone."""
    for path in folder.iterdir():
        file = open_if_present(path)
        if file is None:
            continue
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink(missing_ok=True)


def erase_folder(folder: Path) -> int:
    """Remove a folder with all it holds, also what is added meanwhile; returns how many bodies that were."""
    erased = 0
    while folder.is_dir():
        for entry in _entries(folder):
            path = Path(entry.path)
            erased += erase_folder(path) if entry.is_dir(follow_symlinks=False) else erase_file(path)
        _remove_if_empty(folder)
    return erased


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
            raise


def erase_file(path: Path) -> int:
    """Remove a file or link; returns 1 when it was a body."""
    is_body = not path.is_symlink()
    try:
        path.unlink()
    except FileNotFoundError:
        return 0
    return int(is_body)


def sorted_entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder in the order in which S3 lists the keys below it, without hidden files."""
    visible = [entry for entry in _entries(folder) if not entry.name.startswith(".")]
    return sorted(
        visible, key=lambda entry: f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
    )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with disk_errors("listing objects"):
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except FileNotFoundError:
            return []


def status_if_present(path: Path) -> os.stat_result | None:
    """Status of the file that a link leads to; None when there is none."""
    with disk_errors("listing objects"):
        try:
            return path.stat()
        except FileNotFoundError:
            return None


def open_if_present(path: Path) -> FileIO | None:
    """Open a file for reading; None when it is missing or a link, which is never followed."""
    try:
        return FileIO(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise


def modified(status: os.stat_result) -> datetime:
    """Time of the last write, to the second, as S3 tells it."""
    return datetime.fromtimestamp(int(status.st_mtime), UTC)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Order the writers of one folder, across threads and processes.

    Nothing inside may yield to another green thread: it would wait for its own process for ever.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
