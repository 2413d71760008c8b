"""Time-based codes: seeds that nobody reads, steps that are good once."""

from __future__ import annotations

import pytest

from shared.contracts import vault
from shared.contracts.refusals import RateLimitedError, RecordCorruptError, VaultDeniedError
from shared.errors import InvalidInputError
from shared.sealing import SealingKey, SealInvalidError, totp_info

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


def test_a_seed_has_160_bits_and_only_its_person_reads_it(desk) -> None:
    """RFC 4226 section 4 (R6); ASVS 5.0 6.5.2, 6.5.3."""
    one_time = SealingKey.one_time()
    made = desk.ask(vault.NewTotp(reply_key=one_time.public), signer="auth")

    assert len(one_time.open(made.sealed_seed, info=totp_info(ACCOUNT, made.record_id))) == 20
    for opener, info in (
        (desk.signers["auth"].sealing_key, totp_info(ACCOUNT, made.record_id)),
        (one_time, totp_info(OTHER, made.record_id)),
        (one_time, totp_info(ACCOUNT, "another")),
    ):
        with pytest.raises(SealInvalidError):
            opener.open(made.sealed_seed, info=info)


def test_a_seed_counts_only_after_its_first_code(desk) -> None:
    record_id, seed = desk.new_seed()
    assert not desk.check(desk.code(seed))
    assert desk.confirm(record_id, desk.code(seed))
    desk.clock.advance(30)
    assert desk.check(desk.code(seed))


def test_the_code_that_confirmed_is_used_up(desk) -> None:
    record_id, seed = desk.new_seed()
    assert desk.confirm(record_id, desk.code(seed))
    assert not desk.check(desk.code(seed))
    assert not desk.confirm(record_id, desk.code(seed))


def test_a_confirmation_whose_answer_was_lost_is_answered_again_with_a_new_code(desk) -> None:
    record_id, seed = desk.new_seed()
    assert desk.confirm(record_id, desk.code(seed))
    desk.clock.advance(30)
    assert desk.confirm(record_id, desk.code(seed))


def test_a_clock_may_be_wrong_by_a_step_and_no_more(desk) -> None:
    """RFC 6238 section 5.2."""
    seed = desk.confirmed_seed()
    desk.clock.advance(90)
    for steps in (-3, -2, 2, 3):
        assert not desk.check(desk.code(seed, steps=steps))
    for steps in (-1, 0, 1):
        assert desk.check(desk.code(seed, steps=steps))


def test_each_step_is_good_once(desk) -> None:
    """RFC 6238 section 5.2; ASVS 5.0 6.5.1."""
    seed = desk.confirmed_seed()
    code = desk.code(seed)
    assert desk.check(code)
    assert not desk.check(code)
    assert not desk.another_process().check(code)
    assert desk.denied().reason == "code_used"


def test_after_a_newer_code_an_older_one_is_not_good_any_more(desk) -> None:
    seed = desk.confirmed_seed()
    desk.clock.advance(60)
    assert desk.check(desk.code(seed, steps=1))
    assert not desk.check(desk.code(seed))


def test_what_is_no_code_is_wrong(desk) -> None:
    code = desk.code(desk.confirmed_seed())
    eastern = code.translate({0x30 + digit: 0x660 + digit for digit in range(10)})
    for wrong in ("", code[1:], code + "0", code[:5] + "a", " " + code, code + "\n", eastern):
        assert not desk.check(wrong)
    assert desk.check(code)


def test_a_pending_seed_is_forgotten_after_ten_minutes(desk) -> None:
    record_id, seed = desk.new_seed()
    desk.clock.advance(600)
    assert not desk.confirm(record_id, desk.code(seed))


def test_a_new_pending_seed_ends_the_earlier_one(desk) -> None:
    first, first_seed = desk.new_seed()
    second, second_seed = desk.new_seed()
    assert not desk.confirm(first, desk.code(first_seed))
    assert desk.confirm(second, desk.code(second_seed))


def test_a_pending_seed_leaves_the_confirmed_one_alone(desk) -> None:
    seed = desk.confirmed_seed()
    desk.new_seed()
    assert desk.check(desk.code(seed))


def test_a_confirmed_seed_takes_the_place_of_the_earlier_one(desk) -> None:
    old = desk.confirmed_seed()
    new = desk.confirmed_seed()
    assert not desk.check(desk.code(old))
    assert desk.check(desk.code(new))


def test_a_seed_of_another_account_is_none(desk) -> None:
    record_id, seed = desk.new_seed()
    assert not desk.confirm(record_id, desk.code(seed), OTHER)
    assert desk.confirm(record_id, desk.code(seed))
    desk.clock.advance(30)
    assert not desk.check(desk.code(seed), OTHER)


def test_a_removed_seed_gives_no_valid_code(desk) -> None:
    seed = desk.confirmed_seed()
    desk.ask(vault.RemoveTotp(), signer="auth")
    desk.ask(vault.RemoveTotp(), signer="auth")
    assert not desk.check(desk.code(seed))


def test_a_damaged_seed_is_set_aside_and_says_so(desk) -> None:
    seed = desk.confirmed_seed()
    with desk.store.transaction() as unit:
        record = unit.totp.confirmed(ACCOUNT)
        unit.records.update(record.record_id, sealed=record.sealed[:-1] + bytes([record.sealed[-1] ^ 1]))
    for _ in range(2):
        with pytest.raises(RecordCorruptError):
            desk.check(desk.code(seed))
    with desk.store.reading() as unit:
        assert unit.totp.confirmed(ACCOUNT).quarantined
    assert [row.reason for row in desk.audited()[-2:]] == ["corrupt_or_foreign", "quarantined"]


def test_no_public_key_no_seed(desk) -> None:
    with pytest.raises(InvalidInputError):
        desk.ask(vault.NewTotp(reply_key="!" * 44), signer="auth")


def test_nothing_is_made_for_a_shredded_account(desk) -> None:
    seed = desk.confirmed_seed()
    desk.shred()
    with pytest.raises(VaultDeniedError):
        desk.new_seed()
    with pytest.raises(VaultDeniedError):
        desk.check(desk.code(seed))


def test_codes_are_audited_without_the_code(desk) -> None:
    seed = desk.confirmed_seed()
    code = desk.code(seed)
    desk.check("000000" if code != "000000" else "111111")
    assert desk.check(code)
    rows = [row for row in desk.audited() if row.action == "check_totp"]
    assert [(row.outcome, row.reason) for row in rows] == [("denied", "code"), ("allowed", "")]
    assert code not in repr(desk.audited())


def test_ten_new_seeds_a_minute_and_no_more(desk) -> None:
    """ASVS 5.0 2.4.1: nobody fills the audit, from which nothing is ever deleted, by beginning again and again."""
    reply_key = SealingKey.one_time().public
    for _ in range(10):
        desk.ask(vault.NewTotp(reply_key=reply_key), signer="auth")
    for _ in range(2):
        with pytest.raises(RateLimitedError):
            desk.ask(vault.NewTotp(reply_key=reply_key), signer="auth")
    desk.clock.advance(61)
    desk.ask(vault.NewTotp(reply_key=reply_key), signer="auth")
