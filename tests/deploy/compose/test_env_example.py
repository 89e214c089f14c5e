from deploy.compose.env_example import TARGET, render
from settings import Settings


def test_the_example_is_what_settings_say_today() -> None:
    assert TARGET.read_text() == render(), "settings changed: run `make docs`"


def test_every_line_is_a_comment_so_that_a_copy_changes_nothing() -> None:
    assert all(not line or line.startswith("#") for line in TARGET.read_text().splitlines())


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
