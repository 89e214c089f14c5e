import pytest

from deploy.progress import Board, format_seconds


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (125, "2 min 05 s")])
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_log_shows_each_step_when_it_starts_and_when_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with Board().step("Load the shop") as step:
        step.note = "3 rows"

    started, ended = capsys.readouterr().out.splitlines()
    assert started.split() == ["·", "Load", "the", "shop", "0", "s"]
    assert ended.split() == ["✓", "Load", "the", "shop", "0", "s", "3", "rows"]


def test_failed_step_gets_a_cross_and_its_error_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    board = Board()

    with pytest.raises(RuntimeError), board.step("Break"):
        raise RuntimeError

    assert "✗ Break" in capsys.readouterr().out
