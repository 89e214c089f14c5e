"""Codes of reasons: what the ranker gives is documented, and the storefront has words for it in each language."""

import re
from pathlib import Path

import pytest

from api.schemas import Reason
from features.definitions import EVIDENCE
from training.ranking.reasons import POPULAR

MESSAGES = Path(__file__).parents[3] / "frontend" / "src" / "i18n" / "messages"
DOCUMENTED = set(re.findall(r"[a-z_]{3,}", str(Reason.model_fields["code"].description)))


def test_codes_of_the_ranker_are_documented() -> None:
    assert {kind.name for kind in EVIDENCE} | {POPULAR} <= DOCUMENTED


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_storefront_words_each_code(language: str) -> None:
    messages = (MESSAGES / f"{language}.ts").read_text(encoding="utf-8")
    [block] = re.findall(r"^  reasons: \{(.*?)^  \}", messages, re.MULTILINE | re.DOTALL)

    assert set(re.findall(r"^    (\w+): '", block, re.MULTILINE)) == DOCUMENTED | {"other"}
