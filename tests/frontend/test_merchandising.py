"""The merchant's page: a rule is tried out, made and deleted, and the shop's pages obey at once."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.frontend.conftest import ADMIN_PASSWORD, DESK, PHONE, OpenPage
from tests.frontend.shop import RunningShop
from tests.frontend.test_quality import violations

WORDS = {
    "ko-KR": (
        "이름",
        "관리 비밀번호",
        "로그인",
        "새 규칙",
        "동작",
        "대상",
        "카테고리",
        "저장",
        "삭제: 규칙",
        "민지 · 규칙",
        "고객 ID",
        "이 규칙 시험하기",
        "지금",
        "규칙을 적용하면",
    ),
    "en-US": (
        "Your name",
        "Password",
        "Sign in",
        "New rule",
        "What to do",
        "Of what",
        "Department",
        "Save",
        "Delete: Rule",
        "민지 · Rule",
        "Id of a shopper",
        "Try this rule",
        "As it is now",
        "With the rule",
    ),
}


def sign_in(page: Page, words: tuple[str, ...], password: str = ADMIN_PASSWORD) -> None:
    name, label, button, *_ = words
    page.get_by_label(name).fill("민지")
    page.get_by_label(label).fill(password)
    page.get_by_role("button", name=button).press("Enter")


@pytest.mark.parametrize(("locale", "viewport"), [("ko-KR", DESK), ("en-US", PHONE)])
def test_a_rule_is_tried_out_and_made_by_the_keyboard_and_deleted(
    open_page: OpenPage, shop: RunningShop, locale: str, viewport: Any
) -> None:
    words = WORDS[locale]
    _, _, _, new, action, target, department, save, delete, noted, shopper, try_out, now, tried = words
    page = open_page("/merchandising", locale=locale, viewport=viewport)
    main = page.get_by_role("main")
    sign_in(page, words, "another")
    expect(main.get_by_role("alert")).not_to_be_empty()
    sign_in(page, words)
    page.get_by_role("button", name=new).press("Enter")
    expect(main.get_by_label(action)).to_be_focused()
    main.get_by_label(action).select_option("hide")
    main.get_by_label(target).select_option("category")
    assert violations(page) == []
    main.get_by_label(department, exact=True).select_option("1")

    main.get_by_label(shopper).fill("1")
    main.get_by_role("button", name=try_out).press("Enter")
    as_it_is, with_rule = [main.get_by_role("region", name=name).locator("ol") for name in (now, tried)]
    expect(with_rule).to_be_visible()
    expect(main.get_by_role("region", name=now)).to_be_in_viewport()
    shown = httpx.get(f"{shop.url}/recommendations/home?user_id=1", timeout=30).json()["recommendations"]
    hidden = [product["title"] for product in shown if product["category_id"] == 1]
    assert hidden
    for title in hidden:
        expect(as_it_is).to_contain_text(title)
        expect(with_rule).not_to_contain_text(title)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    main.get_by_role("button", name=save).press("Enter")

    expect(main.get_by_text(noted).first).to_be_visible()
    home = httpx.get(f"{shop.url}/recommendations/home", timeout=30).json()["recommendations"]
    assert home
    assert 1 not in [product["category_id"] for product in home]
    assert violations(page) == []
    main.get_by_role("button", name=delete).press("Enter")
    expect(main.get_by_role("button", name=delete)).to_have_count(0)
