import json

import numpy as np
import polars as pl

from serving.batch.lists import checksum_rows, encode_lists
from tests.serving.ranked import ranked


def test_a_list_is_stored_best_first_with_score_and_reason() -> None:
    lists = encode_lists(ranked({7: [5, 3]}, scores=[0.75, 0.5]), ["user_id"])

    assert lists.to_dicts() == [{"user_id": 7, "products": '[[5,3,0.75,"bought_before"],[3,2,0.5,"bought_before"]]'}]


def test_scores_come_back_bit_by_bit() -> None:
    scores = np.random.default_rng(1).standard_normal(500).astype(np.float32) ** 9
    frame = ranked({1: list(range(1, 501))}, scores=scores.tolist())

    text = encode_lists(frame, ["user_id"])["products"][0]

    read = np.array([entry[2] for entry in json.loads(text)], dtype=np.float32)
    assert (read.view(np.uint32) == scores.view(np.uint32)).all()


def test_a_score_that_is_not_finite_is_still_json() -> None:
    frame = ranked({1: [1, 2, 3]}, scores=[float("nan"), float("inf"), 0.5])

    [text] = encode_lists(frame, ["user_id"])["products"]

    assert [entry[2] for entry in json.loads(text)] == [None, None, 0.5]


def test_the_checksum_ignores_order_and_pieces_but_nothing_else() -> None:
    frame = ranked({1: [1, 3, 5], 2: [5, 3, 1]})

    def checksum(rows: pl.DataFrame) -> int:
        return checksum_rows(rows["user_id"], rows["rank"], rows["product_id"], rows["score"])

    pieces = checksum(frame.head(2)) + checksum(frame.slice(2))
    assert checksum(frame.reverse()) == checksum(frame)
    assert pieces % 2**64 == checksum(frame)
    assert checksum(ranked({1: [3, 1, 5], 2: [5, 3, 1]})) != checksum(frame)
    assert checksum(ranked({1: [5, 3, 1], 2: [1, 3, 5]})) != checksum(frame)
    nudged = frame.with_columns(pl.col("score").replace(1.0, np.nextafter(np.float32(1), np.float32(2))))
    assert checksum(nudged) != checksum(frame)
