import pytest

from shop.loaders.nicknames import draw_nicknames


def test_the_same_seed_draws_the_same_names() -> None:
    assert draw_nicknames(50) == draw_nicknames(50)
    assert draw_nicknames(50) != draw_nicknames(50, seed=1)


def test_no_two_users_share_a_nickname() -> None:
    nicknames = draw_nicknames(3000)

    assert len(set(nicknames)) == 3000
    assert all(nickname.isalpha() for nickname in nicknames)


def test_more_users_than_names_get_a_second_given_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.loaders.nicknames.MOST_REDRAWS", 0)

    nicknames = draw_nicknames(6000)

    assert len(set(nicknames)) == 6000
    assert all(nickname.isalpha() for nickname in nicknames)


def test_more_users_keep_the_names_of_the_first() -> None:
    assert draw_nicknames(20)[:10] == draw_nicknames(10)
