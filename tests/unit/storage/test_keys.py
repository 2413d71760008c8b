from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import InvalidInputError
from shared.ids import AccountId, JobId
from shared.storage import keys

SHA256 = "0123456789abcdef" * 4
ACCOUNT = AccountId("01a20e67-f96c-7495-a999-000000000001")
JOB = JobId("01a20e67-f96c-7495-a999-000000000002")

EXAMPLES = [
    (keys.asset_key(ACCOUNT, SHA256), f"accounts/{ACCOUNT}/assets/{SHA256}"),
    (keys.timeline_key(ACCOUNT, SHA256), f"accounts/{ACCOUNT}/timelines/{SHA256}"),
    (keys.segment_spec_key(ACCOUNT, SHA256), f"accounts/{ACCOUNT}/segments/{SHA256}.json"),
    (keys.segment_key(ACCOUNT, SHA256), f"accounts/{ACCOUNT}/segments/{SHA256}.mp4"),
    (keys.audio_key(ACCOUNT, SHA256), f"accounts/{ACCOUNT}/audio/{SHA256}.m4a"),
    (keys.audio_key(ACCOUNT, SHA256, "wav"), f"accounts/{ACCOUNT}/audio/{SHA256}.wav"),
    (keys.render_key(ACCOUNT, JOB, "video.mp4"), f"accounts/{ACCOUNT}/renders/{JOB}/video.mp4"),
    (keys.upload_key(ACCOUNT, SHA256), f"accounts/{ACCOUNT}/uploads/{SHA256}"),
]


@pytest.mark.parametrize(("built", "written"), EXAMPLES)
def test_keys_are_built_as_the_table_says_and_lie_below_their_account(built: str, written: str) -> None:
    assert built == written == keys.validate_key(written)
    assert built.startswith(keys.account_prefix(ACCOUNT))


def test_the_prefix_of_a_job_holds_its_files_only() -> None:
    prefix = keys.render_prefix(ACCOUNT, JOB)

    assert keys.render_key(ACCOUNT, JOB, "video.mp4").startswith(prefix)
    assert not keys.render_key(ACCOUNT, JobId(f"{JOB}0"), "video.mp4").startswith(prefix)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/accounts/a/renders/j/video.mp4",
        "accounts/a/renders/j/../video.mp4",
        "accounts/../renders/j/video.mp4",
        "accounts/./renders/j/video.mp4",
        "accounts//renders/j/video.mp4",
        "accounts/a/renders//video.mp4",
        "accounts/a/renders/j/",
        "accounts/a/renders/j/.hidden",
        "accounts/a/renders/j/-option",
        "accounts/a/renders/j/a b",
        "accounts/a/renders/j/a\\b",
        "accounts/a/renders/j/a%2fb",
        "accounts/a/renders/j/a\x00",
        "accounts/a/renders/j/a\n",
        "accounts/a/renders/j/\u202evideo.mp4",
        "accounts/a/renders/j/é",
        "accounts/a/renders/j/deeper/video.mp4",
        "accounts/a/renders/video.mp4",
        f"accounts/a/assets/{SHA256.upper()}",
        f"accounts/a/assets/{SHA256[:-1]}",
        f"accounts/a/assets/{SHA256}.png",
        f"accounts/a/segments/{SHA256}",
        f"accounts/a/audio/{SHA256}.mp4",
        f"accounts/a/other/{SHA256}",
        f"tenants/a/assets/{SHA256}",
        "accounts/a/renders/j/" + "x" * keys.MAX_KEY_LENGTH,
    ],
)
def test_a_key_of_another_shape_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError):
        keys.validate_key(key)


@given(part=st.text(max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_part_can_lead_out_of_its_place(part: str) -> None:
    """Whatever is accepted has exactly the parts it was built of, none of them special to a file system."""
    try:
        key = keys.render_key(AccountId(part), JobId(part), part)
    except InvalidInputError:
        return
    assert key.split("/") == ["accounts", part, "renders", part, part]
    assert part.isascii()
    assert part.isprintable()
    assert not part.startswith((".", "-"))


@pytest.mark.parametrize(
    "prefix",
    ["", "/", "accounts", "accounts/", "accounts/a", "accounts//", "accounts/../", "accounts/a/renders/j/v/",
     "accounts/a/other/", "accounts/a/assets", "accounts/a/renders/../", "x/accounts/a/", "accounts/a/\n"],
)  # fmt: skip
def test_a_prefix_that_reaches_beyond_whole_folders_of_one_account_cannot_be_erased(prefix: str) -> None:
    with pytest.raises(InvalidInputError):
        keys.validate_erasable_prefix(prefix)


@pytest.mark.parametrize("kind", ["assets", "timelines", "segments", "audio", "renders", "renders/job"])
def test_one_kind_of_object_of_an_account_can_be_erased(kind: str) -> None:
    assert keys.validate_erasable_prefix(f"accounts/a/{kind}/") == f"accounts/a/{kind}/"


def test_the_longest_key_still_makes_a_file_name_for_a_body_on_its_way() -> None:
    longest = "accounts/a/renders/j/".ljust(keys.MAX_KEY_LENGTH, "x")

    assert keys.validate_key(longest) == longest
    assert len(f"{longest},{'0' * 16}") <= 255
