"""Objects in a folder of this machine.

    objects/accounts/<account>/renders/<job>/video.mp4    symbolic link to the body beside it
    objects/accounts/<account>/renders/<job>/.<token>.<sha256>.video,mp4
    incoming/accounts,<account>,renders,<job>,video.mp4,<token>    a body that is still being written

The link is the object: it appears in one step, and its target's name tells digest and media type, so no crash
can tear a body and what is known of it apart. A body is on disk before its link appears; deleting goes the
other way, the link first. A link whose body is missing counts as nothing and may be replaced.

The writer of an incoming file holds a lock on it; one that nobody holds was left by a killed process and is
removed when a store is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import FileIO
from pathlib import Path

from shared.errors import ConfigurationError, ConflictError, NotFoundError
from shared.storage import folder_files as files
from shared.storage.bodies import (
    Fingerprint,
    Meter,
    ObjectBody,
    Source,
    chunks,
    disk_errors,
    opened,
    save,
    write,
)
from shared.storage.checks import validate_filename, validate_lifetime, validate_media_type, validate_range
from shared.storage.errors import DigestMismatchError
from shared.storage.keys import validate_erasable_prefix, validate_key, validate_prefix
from shared.storage.port import ListedObject, LocalDownload, LocalUpload, PutResult, StoredObject


@dataclass(frozen=True, kw_only=True)
class _Incoming:
    """A body that is complete and on disk, but not yet an object."""

    path: Path
    fingerprint: Fingerprint


class FolderStore:
    """The folder adapter of `shared.storage.ObjectStore`.

    Raises:
        ConfigurationError: The folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._objects = folder / "objects"
        self._incoming = folder / "incoming"
        with disk_errors("opening the object folder"):
            try:
                for place in (folder, self._objects, self._incoming):
                    place.mkdir(mode=0o700, parents=True, exist_ok=True)
            except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
                raise ConfigurationError(f"{folder} cannot be a folder; set STUDIO_DATA_DIR") from error
            files.remove_leftovers(self._incoming)

    def put(
        self, key: str, source: Source, *, media_type: str, expected: Fingerprint | None = None
    ) -> Fingerprint:
        with self._received(key, source, media_type, expected) as incoming:
            with disk_errors(f"storing {key}"), _unless_erased(key):
                files.replace_link(self._objects / key, self._settle(key, incoming, media_type))
            return incoming.fingerprint

    def put_if_absent(
        self, key: str, source: Source, *, media_type: str, expected: Fingerprint | None = None
    ) -> PutResult:
        if expected is not None and (stored := self._existing(key)) and stored.fingerprint == expected:
            return PutResult(created=False, fingerprint=expected)  # most often: nothing to write and wait for
        with (
            self._received(key, source, media_type, expected) as incoming,
            disk_errors(f"storing {key}"),
            _unless_erased(key),
        ):
            body = self._settle(key, incoming, media_type)
            with files.removed_on_error(body):
                return self._link_if_absent(key, body, incoming.fingerprint)

    def head(self, key: str) -> StoredObject:
        stored, file = self._open_body(key)
        file.close()
        return stored

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        validate_range(start, length)
        stored, file = self._open_body(key)
        rest = max(0, stored.fingerprint.size_bytes - start)
        file.seek(start)
        return _body(key, file, rest if length is None else min(rest, length))

    def download(self, key: str, target: Path, *, expected: Fingerprint | None = None) -> StoredObject:
        stored, file = self._open_body(key)
        with _body(key, file, stored.fingerprint.size_bytes) as body:
            save(body, target, expected or stored.fingerprint, key)
        return stored

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        return self._listed(self._objects / validate_prefix(prefix))

    def delete(self, key: str) -> None:
        with disk_errors(f"deleting {key}"):
            files.remove_link(self._objects / validate_key(key))

    def delete_prefix(self, prefix: str) -> int:
        validate_erasable_prefix(prefix)
        with disk_errors(f"erasing {prefix}"):
            # First what is unfinished: a body that is finished between the two steps is found as an object.
            unfinished = sum(map(files.erase_file, self._incoming.glob(f"{_flat(prefix)}*")))
            return unfinished + files.erase_folder(self._objects / prefix)

    def presign_get(self, key: str, *, lifetime: timedelta, filename: str | None = None) -> LocalDownload:
        validate_lifetime(lifetime)
        if filename is not None:
            validate_filename(filename)
        return LocalDownload(path=self._objects / validate_key(key))

    def presign_put(
        self, key: str, *, media_type: str, fingerprint: Fingerprint, lifetime: timedelta
    ) -> LocalUpload:
        validate_lifetime(lifetime)
        return LocalUpload(
            folder=self._folder,
            key=validate_key(key),
            media_type=validate_media_type(media_type),
            fingerprint=fingerprint,
        )

    @contextmanager
    def _received(
        self, key: str, source: Source, media_type: str, expected: Fingerprint | None
    ) -> Iterator[_Incoming]:
        """Write a source to an incoming file that goes away unless it was settled."""
        prefix, action = f"{_flat(validate_key(key))},", f"storing {key}"
        validate_media_type(media_type)
        meter = Meter()
        with opened(source) as stream, files.incoming_file(self._incoming, prefix, action) as (path, file):
            for chunk in chunks(stream):
                write(file, chunk, action)
                meter.update(chunk)
            fingerprint = meter.verify(expected, key)
            with disk_errors(action):
                os.fsync(file.fileno())
            yield _Incoming(path=path, fingerprint=fingerprint)

    def _settle(self, key: str, incoming: _Incoming, media_type: str) -> Path:
        """Move an incoming file to where the links to it will be."""
        name = files.BodyName(sha256=incoming.fingerprint.sha256, media_type=media_type)
        return files.move_in(incoming.path, (self._objects / key).with_name(name.fresh()))

    def _link_if_absent(self, key: str, body: Path, fingerprint: Fingerprint) -> PutResult:
        while not files.create_link(self._objects / key, body):
            if winner := self._existing(key):
                body.unlink(missing_ok=True)
                return PutResult(created=False, fingerprint=winner.fingerprint)
            files.remove_link_without_body(self._objects / key)
        return PutResult(created=True, fingerprint=fingerprint)

    def _existing(self, key: str) -> StoredObject | None:
        try:
            return self.head(key)
        except NotFoundError:
            return None

    def _open_body(self, key: str) -> tuple[StoredObject, FileIO]:
        """Open the body of an object; one that is replaced at this moment is looked up again."""
        link = self._objects / validate_key(key)
        missing: str | None = None
        with disk_errors(f"opening {key}"):
            while (target := files.read_link(link)) is not None and target != missing:
                name = files.BodyName.parse(target)
                if name is None:
                    raise DigestMismatchError(f"{key} was not put there by a store; move the file away")
                if file := files.open_if_present(link.with_name(target)):
                    return _found(key, name, file), file
                missing = target
        raise NotFoundError(f"there is no object {key}")

    def _listed(self, folder: Path) -> Iterator[ListedObject]:
        for entry in files.sorted_entries(folder):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                yield from self._listed(path)
            elif (status := files.status_if_present(path)) is not None:
                key = path.relative_to(self._objects).as_posix()
                yield ListedObject(key=key, size_bytes=status.st_size, modified=files.modified(status))


def _flat(key: str) -> str:
    """Write a key, or the beginning of one, as part of a file name; no key contains a comma."""
    return key.replace("/", ",")


def _body(key: str, file: FileIO, size_bytes: int) -> ObjectBody:
    return ObjectBody(file, size_bytes, lambda: disk_errors(f"reading {key}"))


def _found(key: str, name: files.BodyName, file: FileIO) -> StoredObject:
    status = os.fstat(file.fileno())
    fingerprint = Fingerprint(sha256=name.sha256, size_bytes=status.st_size)
    return StoredObject(
        key=key, fingerprint=fingerprint, media_type=name.media_type, modified=files.modified(status)
    )


@contextmanager
def _unless_erased(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ConflictError(f"{key} was erased while it was being stored") from error
