import pytest

from training.config import TrainingConfig


def test_settings_are_replaced_by_their_dotted_names() -> None:
    config = TrainingConfig().replace({"optimiser.epochs": 4, "loss.temperature": 0.5})

    changed = {name for name, value in config.flatten().items() if value != TrainingConfig().flatten()[name]}
    assert changed == {"optimiser.epochs", "loss.temperature"}


@pytest.mark.parametrize("name", ["optimiser.epoch", "optimizer.epochs", "epochs"])
def test_unknown_setting_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=name.partition(".")[2] or name):
        TrainingConfig().replace({name: 4})


def test_value_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="epochs"):
        TrainingConfig().replace({"optimiser.epochs": 0})
