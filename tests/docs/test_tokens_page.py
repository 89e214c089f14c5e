"""docs/tokens.md: its example signs tokens that a real API in production takes, and no others."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest

from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from tests.support.ports import free_settings
from tests.support.printed_commands import run_in_shell

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tokens.md").read_text()
KEY = "only-for-this-test-0123456789-0123456789"
START_SECONDS = 120
SHOPPER, ANOTHER = 1, 2

SignToken = Callable[..., str]


@pytest.fixture(scope="module")
def sign_token() -> SignToken:
    """The page's own example, executed."""
    [example] = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    names: dict[str, SignToken] = {}
    exec(example, names)
    return names["sign_token"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The API in production, as its image starts it, over a small shop."""
    settings = free_settings(tmp_path_factory.mktemp("var"))
    engine = open_engine(settings.shop_database_url)
    rows = build_synthetic_shop(SyntheticShape(20, 30, 100), 0, datetime.now(UTC).date() - timedelta(days=1))
    platform = open_engine(settings.platform_database_url)
    write_shop(engine, rows, replace=False, report=str, platform=platform)
    platform.dispose()
    engine.dispose()
    own = {
        "VAR_DIR": str(settings.var_dir),
        "ENVIRONMENT": "production",
        "API_TOKEN_KEY": KEY,
        "DEMO_SHOPPERS": "false",
    }
    command = [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(settings.api_port)]
    process = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT, env={**os.environ, **own})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{settings.api_port}", timeout=30) as client:
            await_answer(client)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def await_answer(client: httpx.Client) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.get("/health")
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.2)


def ask(api: httpx.Client, user_id: int, token: str | None) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return api.get(f"/users/{user_id}/orders", headers=headers).status_code


def test_the_example_signs_what_the_api_takes(api: httpx.Client, sign_token: SignToken) -> None:
    assert ask(api, SHOPPER, sign_token(SHOPPER, KEY)) == 200


def test_the_printed_request_brings_a_page(api: httpx.Client, sign_token: SignToken) -> None:
    [command] = re.findall(r"```bash\n(curl .+)\n```", PAGE)
    here = command.replace("http://127.0.0.1:8000", str(api.base_url).rstrip("/"))

    said = run_in_shell(f"{here} --silent", ROOT, {"TOKEN": sign_token(12, KEY)}, START_SECONDS)

    assert '"recommendations":[{"product_id":' in said


def test_a_shoppers_token_does_not_open_another_shoppers_page(api: httpx.Client, sign_token: SignToken) -> None:
    assert ask(api, ANOTHER, sign_token(SHOPPER, KEY)) == 403


def test_whatever_the_page_says_is_refused_is_refused(api: httpx.Client, sign_token: SignToken) -> None:
    expired = sign_token(SHOPPER, KEY, lifetime_seconds=-60)
    another_key = sign_token(SHOPPER, KEY.upper())
    another_algorithm = jwt.encode({"sub": str(SHOPPER), "exp": 9_999_999_999}, KEY * 2, "HS512")
    without_an_end = jwt.encode({"sub": str(SHOPPER)}, KEY, "HS256")

    refused = [None, expired, another_key, another_algorithm, without_an_end]

    assert [ask(api, SHOPPER, token) for token in refused] == [401] * len(refused)


def test_clocks_may_differ_by_what_the_page_says(api: httpx.Client, sign_token: SignToken) -> None:
    assert ask(api, SHOPPER, sign_token(SHOPPER, KEY, lifetime_seconds=-3)) == 200


def test_a_guest_needs_no_token(api: httpx.Client) -> None:
    assert api.get("/recommendations/home").status_code == 200


def test_what_pyjwt_signs_is_the_same_token(sign_token: SignToken) -> None:
    token = sign_token(SHOPPER, KEY)
    claims = jwt.decode(token, KEY, algorithms=["HS256"])

    assert claims.keys() == {"sub", "exp"}
    assert claims["sub"] == str(SHOPPER)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
