"""The names of stored objects: the only shapes a key may have, and one builder for each.

    accounts/<account>/assets/<sha256>
    accounts/<account>/timelines/<sha256>
    accounts/<account>/segments/<spec sha256>.json     the spec
    accounts/<account>/segments/<spec sha256>.mp4      the bytes
    accounts/<account>/audio/<mix sha256>.<form>       m4a, mp3, opus or wav
    accounts/<account>/renders/<job>/<file name>
    accounts/<account>/uploads/<sha256>                what an author handed in, as it came: nothing opens it but
                                                       the media sandbox, and it is deleted once it was looked at

The set is closed on purpose: all objects of an account lie under one prefix, so that erasing it erases the
account; no key is a folder of another, so that a folder and a bucket can hold the same keys; and no key needs
escaping in a path, a URL or an HTTP header.
"""

from __future__ import annotations

import re

from shared.errors import InvalidInputError
from shared.ids import AccountId, JobId

ROOT = "accounts/"
MAX_KEY_LENGTH = 200
"""Characters, all ASCII. S3 allows 1,024 bytes; a folder names its temporary files after the whole key, and a
file name has 255 bytes at most (POSIX NAME_MAX)."""

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # starts alphanumeric: no "..", no hidden file, no option-like name
_SHA256 = r"[0-9a-f]{64}"
_ACCOUNT = rf"{ROOT}{_PART}"
_KEY = re.compile(
    rf"{_ACCOUNT}/(?:"
    rf"(?:assets|timelines|uploads)/{_SHA256}"
    rf"|segments/{_SHA256}\.(?:json|mp4)"
    rf"|audio/{_SHA256}\.(?:m4a|mp3|opus|wav)"
    rf"|renders/{_PART}/{_PART}"
    r")"
)
_ACCOUNT_PREFIX = re.compile(
    rf"{_ACCOUNT}/(?:(?:assets|timelines|segments|audio|renders|uploads)/|renders/{_PART}/)?"
)


def asset_key(account: AccountId, sha256: str) -> str:
    """Key of an image, a sound, a font or another immutable input."""
    return validate_key(f"{ROOT}{account}/assets/{sha256}")


def timeline_key(account: AccountId, sha256: str) -> str:
    """Key of the canonical JSON of a timeline."""
    return validate_key(f"{ROOT}{account}/timelines/{sha256}")


def segment_spec_key(account: AccountId, spec_sha256: str) -> str:
    """Key of the canonical JSON that tells how a segment is rendered."""
    return validate_key(f"{ROOT}{account}/segments/{spec_sha256}.json")


def segment_key(account: AccountId, spec_sha256: str) -> str:
    """Key of the rendered bytes of a segment."""
    return validate_key(f"{ROOT}{account}/segments/{spec_sha256}.mp4")


def audio_key(account: AccountId, mix_sha256: str, form: str = "m4a") -> str:
    """Key of the mixed sound of a timeline or of a part of it, named by the SHA-256 of its inputs.

    Args:
        form: Ending of the file: m4a, mp3, opus or wav.
    """
    return validate_key(f"{ROOT}{account}/audio/{mix_sha256}.{form}")


def render_key(account: AccountId, job: JobId, name: str) -> str:
    """Key of one file of a finished job, for example ``video.mp4``."""
    return validate_key(f"{ROOT}{account}/renders/{job}/{name}")


def upload_key(account: AccountId, sha256: str) -> str:
    """Key of a file as its author handed it in, named by the SHA-256 of its bytes; never handed out again."""
    return validate_key(f"{ROOT}{account}/uploads/{sha256}")


def account_prefix(account: AccountId) -> str:
    """Prefix of everything an account has stored."""
    return validate_erasable_prefix(f"{ROOT}{account}/")


def render_prefix(account: AccountId, job: JobId) -> str:
    """Prefix of all files of one job."""
    return validate_erasable_prefix(f"{ROOT}{account}/renders/{job}/")


def validate_key(key: str) -> str:
    """Return the key when it has one of the shapes above.

    Raises:
        InvalidInputError: Traversal, an absolute path, an empty part, a character that is not an ASCII letter,
            digit, ``.``, ``_`` or ``-``, more than ``MAX_KEY_LENGTH`` characters, or an unknown shape.
    """
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidInputError(f"object key of {len(key)} characters; at most {MAX_KEY_LENGTH} are allowed")
    if not _KEY.fullmatch(key):
        raise InvalidInputError(f"{key!r} is no object key; build keys with the functions of shared.storage.keys")
    return key


def validate_erasable_prefix(prefix: str) -> str:
    """Return the prefix when it names whole folders inside one account.

    A prefix ends in ``/``: without it, erasing account ``1`` would take account ``10`` along.

    Raises:
        InvalidInputError: It does not, or it reaches beyond one account.
    """
    if len(prefix) > MAX_KEY_LENGTH or not _ACCOUNT_PREFIX.fullmatch(prefix):
        raise InvalidInputError(f"{prefix[:MAX_KEY_LENGTH]!r} is no prefix of one account's objects ending in '/'")
    return prefix


def validate_prefix(prefix: str) -> str:
    """Return the prefix when objects can be listed by it: ``accounts/``, or one that could be erased.

    Raises:
        InvalidInputError: It is neither.
    """
    return prefix if prefix == ROOT else validate_erasable_prefix(prefix)
