from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.schemas import Source
from api.web.request_ids import (
    AHEAD_SECONDS,
    DRAWN_AT_ONCE,
    LIFETIME_SECONDS,
    LONGEST_ID,
    UNVERIFIED,
    RequestIds,
    derive_key,
)
from settings import Settings

IDS = RequestIds(b"a key")
PAGE = (b"b-1", b"7", b"published,popular", b"")
NOW = 1_780_000_000.0


def test_no_two_ids_are_the_same() -> None:
    drawn = {IDS.draw() for _ in range(2 * DRAWN_AT_ONCE + 1)}

    assert len(drawn) == 2 * DRAWN_AT_ONCE + 1
    assert {len(each) for each in drawn} == {32}


@pytest.mark.parametrize("owner", [1, 0, None], ids=["a shopper", "shopper 0", "anybody"])
def test_an_answer_that_was_given_is_genuine(owner: int | None) -> None:
    signed = IDS.sign("r" * LONGEST_ID, owner, PAGE, NOW)

    assert len(signed) <= 64
    assert IDS.is_genuine(signed, owner, PAGE, NOW + 60)
    assert Source(request_id=signed).request_id == signed


@pytest.mark.parametrize(("owner", "reporter"), [(1, 2), (1, None), (0, None)])
def test_the_answer_of_another_shopper_is_not(owner: int, reporter: int | None) -> None:
    assert not IDS.is_genuine(IDS.sign("r", owner, PAGE, NOW), reporter, PAGE, NOW)


def test_an_answer_made_for_anybody_may_be_named_by_each() -> None:
    assert IDS.is_genuine(IDS.sign("r", None, PAGE, NOW), 2, PAGE, NOW)


@pytest.mark.parametrize(
    ("age", "genuine"),
    [(LIFETIME_SECONDS, True), (LIFETIME_SECONDS + 1, False), (-AHEAD_SECONDS, True), (-AHEAD_SECONDS - 1, False)],
    ids=["at its end", "expired", "a clock ahead", "to come"],
)
def test_an_id_proves_something_for_a_week(age: float, genuine: bool) -> None:
    assert IDS.is_genuine(IDS.sign("r", 1, PAGE, NOW), 1, PAGE, NOW + age) is genuine


@pytest.mark.parametrize(
    "other",
    [
        (b"b-2", b"7", b"published,popular", b""),
        (b"b-1", b"8", b"published,popular", b""),
        (b"b-1", b"7", b"published", b""),
        (b"b-1", b"7", b"published,popular", b"challenger"),
    ],
    ids=["batch", "version", "rungs", "arm"],
)
def test_no_part_of_the_answer_can_be_exchanged(other: tuple[bytes, bytes, bytes, bytes]) -> None:
    assert not IDS.is_genuine(IDS.sign("r", 1, PAGE, NOW), 1, other, NOW)


def test_what_moves_from_one_place_to_the_next_is_noticed() -> None:
    signed = IDS.sign("r", 1, (b"b", b"7", b"popular", b"challenger"), NOW)

    assert not IDS.is_genuine(signed, 1, (b"b", b"7", b"popular\0challenger", b""), NOW)


@pytest.mark.parametrize(
    "invented",
    ["r-1", "0" * 32, "r." + "0" * 26, "r." + "0" * 25, "r.", ".", "." + "0" * 26, "r." + "0" * 26 + "\n"],
    ids=repr,
)
def test_an_invented_id_is_not_genuine(invented: str) -> None:
    assert not IDS.is_genuine(invented, 1, PAGE, 0)


def test_each_answer_has_one_signature_alone() -> None:
    signed = IDS.sign("r", 1, PAGE, NOW)
    others = [signed[:-1] + last for last in "0123456789abcdef" if last != signed[-1]]

    assert not any(IDS.is_genuine(other, 1, PAGE, NOW) for other in (*others, signed.upper(), "q" + signed[1:]))


def test_a_source_is_believed_or_reduced_to_the_id_it_names() -> None:
    fields: dict[str, Any] = {"position": 3, "batch_id": "b-1", "model_version": "7", "rung": "popular", "arm": "other"}
    fields |= {"shelf": "popular", "place": 0, "propensity": 0.9}
    genuine = Source(request_id=IDS.sign("r", 1, (b"b-1", b"7", b"popular", b"other")), **fields)

    assert IDS.verify(genuine, 1) == genuine
    assert IDS.verify(genuine, 2) == Source(request_id=genuine.request_id, rung=UNVERIFIED)


def test_processes_share_the_key_of_their_settings(tmp_path: Path) -> None:
    production = [
        Settings(var_dir=tmp_path / name, environment="production", api_token_key=SecretStr(key))
        for name, key in (("a", "k" * 43), ("b", "k" * 43), ("a", "x" * 43))
    ]
    development = [Settings(var_dir=tmp_path / name) for name in ("a", "a", "b")]

    for first, same, other in (production, development):
        assert derive_key(first) == derive_key(same) != derive_key(other)
    assert RequestIds(derive_key(production[0])).is_genuine(
        RequestIds(derive_key(production[1])).sign("r", 1, PAGE, NOW), 1, PAGE, NOW
    )
