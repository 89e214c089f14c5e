"""The comparison of the alias with what is served; MLflow, model server and API are scripted at their border."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from serving import watch as watch_module
from serving.serving_status import Served, read_served
from serving.watch import DIFFERENT, NOTHING_MOVED, Watch
from training.registry.client import NamedVersion, Registry
from training.registry.errors import RegistryError
from training.registry.installation import Installation


@dataclass
class World(Registry):
    """What the alias says and what is served, look by look; the last state stays. Version 0: MLflow is away."""

    champions: list[int | NamedVersion | None]
    served: list[Served] = field(default_factory=lambda: [Served(1, 1, None, "", "run of 1")])
    tags_seen: list[dict[str, str]] = field(default_factory=lambda: [{}])

    def resolve_version(self, _alias: str) -> NamedVersion | None:
        champion = self.champions[0]
        if len(self.champions) > 1:
            self.champions.pop(0)
        if champion == 0:
            raise RegistryError("MLflow says: connection refused")
        return name(champion) if isinstance(champion, int) else champion

    def find_tags(self, _version: int) -> dict[str, str]:
        return self.tags_seen.pop(0) if len(self.tags_seen) > 1 else self.tags_seen[0]

    def look_around(self) -> Served:
        return self.served.pop(0) if len(self.served) > 1 else self.served[0]


def name(number: int) -> NamedVersion:
    return NamedVersion(number, f"run of {number}")


NOTHING = Served(None, None, None, "")

MakeWatch = Callable[[World], Watch]


@pytest.fixture
def make_watch(monkeypatch: pytest.MonkeyPatch) -> MakeWatch:
    monkeypatch.setattr(watch_module, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(watch_module, "SETTLE_SECONDS", -1.0)
    return lambda world: Watch(world, Installation("", Path()), world.look_around)


@pytest.mark.parametrize(
    ("champions", "announced"),
    [
        ([1, 1, 2], name(1)),
        ([None, None, 1], None),
        ([1, 0, 2], name(1)),
        ([1, NamedVersion(1, "another run")], name(1)),
        ([1, NamedVersion(1, "another run"), 2], NamedVersion(1, "")),
    ],
    ids=["moved", "first champion", "MLflow away for a moment", "number that came again", "event without a run"],
)
def test_a_move_is_told_once_it_is_seen(
    make_watch: MakeWatch, champions: list[int | NamedVersion | None], announced: NamedVersion | None
) -> None:
    expected = name(champions[-1]) if isinstance(champions[-1], int) else champions[-1]

    outcome = make_watch(World(champions)).await_move(announced, 60)

    assert (outcome.code, outcome.champion) == (0, expected)


def test_nothing_moved_is_nothing_to_do(make_watch: MakeWatch) -> None:
    assert make_watch(World([1])).await_move(name(1), 0.01).code == NOTHING_MOVED
    assert make_watch(World([None], [NOTHING])).await_move(None, 0.01).code == NOTHING_MOVED


REFUSED = {"verdict": "refuse", "reason": "worse than chance."}


def test_a_refused_version_is_announced_again_once_it_is_overridden(make_watch: MakeWatch) -> None:
    world = World([2], tags_seen=[REFUSED, REFUSED, REFUSED | {"override": "to see it"}])

    outcome = make_watch(world).await_move(name(2), 60, was_barred=True)

    assert (outcome.code, outcome.champion) == (0, name(2))
    assert outcome.words == "version 2, which the gate refused, may serve now"


def test_a_version_that_stays_refused_is_not_announced_again(make_watch: MakeWatch) -> None:
    served = [Served(1, None, 2, "version 2 is refused")]
    watch = make_watch(World([2], served, [REFUSED]))

    assert watch.is_barred(name(2))
    assert watch.await_move(name(2), 0.01, was_barred=True).code == DIFFERENT


@pytest.mark.parametrize("seconds", [60, 0.01], ids=["soon", "at the latest when the time is over"])
def test_a_lost_alias_turns_the_run_red(make_watch: MakeWatch, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(watch_module, "LOST_SECONDS", 0.0)

    outcome = make_watch(World([3, None])).await_move(name(3), seconds)

    assert outcome.code == DIFFERENT
    assert "is gone, version 3 carried it" in outcome.words


@pytest.mark.parametrize(
    ("served", "code"),
    [(Served(3, 3, None, ""), DIFFERENT), (Served(None, 3, None, ""), NOTHING_MOVED), (NOTHING, NOTHING_MOVED)],
    ids=["lost", "scored by naming a version", "first start"],
)
def test_an_alias_that_is_nowhere_is_lost_where_a_version_still_ranks(
    make_watch: MakeWatch, served: Served, code: int
) -> None:
    for outcome in (
        make_watch(World([None], [served])).compare(),
        make_watch(World([None], [served])).await_served(0.01),
        make_watch(World([None], [served])).await_move(None, 0.01),
    ):
        assert outcome.code == code
        assert ("is gone, version 3 carried it" in outcome.words) == (code == DIFFERENT)


def test_lists_that_do_not_follow_are_announced_again(make_watch: MakeWatch) -> None:
    outcome = make_watch(World([2], [Served(2, 1, None, "")])).await_move(name(2), 0.01)

    assert (outcome.code, outcome.champion) == (0, name(2))
    assert "the homepage shows lists of version 1" in outcome.words


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (Served(1, 1, None, "", "run of before"), "the model server ranks with another version 1, of before"),
        (Served(1, 1, None, "", "run of 1", has_other_lists=True), "shows lists of another version 1, of before"),
    ],
    ids=["model server", "lists"],
)
def test_a_number_that_came_again_is_not_taken_for_the_version_of_before(
    make_watch: MakeWatch, served: Served, words: str
) -> None:
    outcome = make_watch(World([1], [served])).compare()

    assert outcome.code == DIFFERENT
    assert words in outcome.words


def test_a_model_server_that_stays_behind_turns_the_run_red(make_watch: MakeWatch) -> None:
    outcome = make_watch(World([2], [Served(1, 2, None, "")])).await_move(name(2), 0.01)

    assert outcome.code == DIFFERENT


def test_mlflow_that_never_answers_is_an_error(make_watch: MakeWatch) -> None:
    with pytest.raises(RegistryError):
        make_watch(World([0])).await_move(name(1), 0.01)


def test_reading_back_waits_until_both_follow(make_watch: MakeWatch) -> None:
    world = World([2], [Served(1, 1, None, ""), Served(2, 1, None, ""), Served(2, 2, None, "", "run of 2")])

    assert make_watch(world).await_served(60).code == 0


def test_reading_back_names_both_when_they_differ(make_watch: MakeWatch) -> None:
    outcome = make_watch(World([2], [Served(1, 1, 2, "version 2 is refused: model.onnx was altered")])).await_served(60)

    assert outcome.code == DIFFERENT
    for words in ("the alias says version 2", "ranks with version 1", "lists of version 1", "model.onnx was altered"):
        assert words in outcome.words


def test_reading_back_ends_where_the_alias_moves_on(make_watch: MakeWatch) -> None:
    outcome = make_watch(World([2, 2, 3], [Served(1, 1, None, "")])).await_served(60)

    assert (outcome.code, outcome.champion) == (NOTHING_MOVED, name(3))


def test_services_that_do_not_answer_are_named() -> None:
    served = read_served("http://127.0.0.1:9", "http://127.0.0.1:9")

    assert (served.model_server, served.lists) == (None, None)
    assert "model server at" in served.trouble
    assert "API at" in served.trouble


@pytest.mark.parametrize(("model", "is_other"), [("v1-0123456789ab", False), ("v1-ba9876543210", True)])
def test_lists_are_told_apart_by_the_files_that_made_them(
    monkeypatch: pytest.MonkeyPatch, model: str, is_other: bool
) -> None:
    answers: dict[str, dict[str, object]] = {
        "health": {"model_version": "1", "batch_id": "20260701T000000Z-v1-0123456789ab-fedcba987654"},
        "status": {"model_version": 1, "run_id": "abc", "model": model},
    }

    def answer(method: str, url: str, **_: object) -> httpx.Response:
        return httpx.Response(200, json=answers[url.rpartition("/")[2]], request=httpx.Request(method, url))

    monkeypatch.setattr(httpx, "request", answer)

    served = read_served("http://model-server", "http://api")

    assert (served.run_id, served.has_other_lists) == ("abc", is_other)
