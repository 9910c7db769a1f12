"""Settings: from the environment and `.env`, each mistake named."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import settings
from app.settings import SECRETS, Settings, load
from tests.support.paths import ROOT

EXAMPLE = (ROOT / ".env.example").read_text()
Set = Callable[..., None]


@pytest.fixture
def set_variables(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Set these variables, and none of the other settings."""
    for setting in fields(Settings):
        monkeypatch.delenv(setting.name.upper(), raising=False)

    def set_(**variables: str) -> None:
        for name, text in variables.items():
            monkeypatch.setenv(name, text)

    return set_


def test_without_a_variable_there_are_the_defaults(set_variables: Set) -> None:
    """As when Settings are built directly."""
    set_variables()
    assert load() == Settings()


def test_the_environment_overrides_the_defaults(set_variables: Set) -> None:
    """A variable that is set but empty does not."""
    set_variables(PORT="99", HOST="", LOG_MAX_BYTES="", API_KEYS="a,b")
    assert load() == Settings(port=99, api_keys="a,b")


@pytest.mark.parametrize("text", ["abc", "-1", "0", "1.5", "٣", " 1", "1\n", "9" * 5000])
def test_a_number_must_be_one(set_variables: Set, text: str) -> None:
    """The message names the variable, not the value."""
    set_variables(PORT=text)
    with pytest.raises(ValueError, match=r"^PORT must be a whole number above 0\.$"):
        load()


@given(number=st.integers(min_value=1, max_value=10**18 - 1), zeros=st.integers(0, 3))
@example(number=10**18 - 1, zeros=3)
def test_every_whole_number_is_taken(number: int, zeros: int) -> None:
    """With or without zeros in front."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAX_CSV_ROWS", "0" * zeros + str(number))
        assert load().max_csv_rows == number


def test_unpickling_is_needed_or_never(set_variables: Set) -> None:
    """A typing error must not allow what was to be forbidden."""
    for text, allowed in (("", True), ("needed", True), ("never", False)):
        set_variables(UNPICKLE=text)
        assert load().may_unpickle is allowed
    for text in ("Never", "never ", "no", "0"):
        set_variables(UNPICKLE=text)
        with pytest.raises(ValueError, match=r"^UNPICKLE must be needed or never\.$"):
            load()


def test_every_mistake_is_named_at_once(set_variables: Set) -> None:
    """In the order of the settings."""
    set_variables(TRUSTED_PROXIES="-1", FAST_PATH="yes", PORT="x", HOST="::1")
    with pytest.raises(
        ValueError,
        match=r"^PORT must be a whole number above 0\. FAST_PATH must be 0 or 1\."
        r" TRUSTED_PROXIES must be a whole number, 0 or above\.$",
    ):
        load()


def test_a_file_fills_in_what_the_environment_lacks(set_variables: Set, tmp_path: Path) -> None:
    """Keys may take several lines; none of it gets into the environment."""
    path = tmp_path / "variables"
    path.write_text('# mine\nexport PORT=1\nHOST=::1\nMODEL_SIGNING_KEY="new\nold"\nOTHER=x\n')
    set_variables(ENV_FILE=str(path), PORT="2")
    assert load() == Settings(port=2, host="::1", model_signing_key="new\nold")
    assert {"HOST", "MODEL_SIGNING_KEY", "OTHER"}.isdisjoint(os.environ)


def test_a_byte_order_mark_hides_no_setting(set_variables: Set, tmp_path: Path) -> None:
    """Some editors write one at the beginning of the file."""
    path = tmp_path / "variables"
    path.write_text("\ufeffPORT=1\nHOST=::1\n", encoding="utf-8")
    set_variables(ENV_FILE=str(path))
    assert load() == Settings(port=1, host="::1")
    set_variables(ENV_FILE=str(path), PORT="2")
    assert load() == Settings(port=2, host="::1")


def test_the_file_is_the_one_in_the_root(
    set_variables: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the program is started; without one, and with a folder of that name, it is fine."""
    set_variables()
    monkeypatch.delenv("ENV_FILE")
    monkeypatch.setattr(settings, "ROOT", str(tmp_path))
    assert load() == Settings()
    (tmp_path / ".env").write_text("PORT=3\n")
    assert load() == Settings(port=3)
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    assert load() == Settings()


def test_a_file_that_is_named_must_be_there(set_variables: Set, tmp_path: Path) -> None:
    """Whoever names one wants it read."""
    for path in (tmp_path, tmp_path / "none"):
        set_variables(ENV_FILE=str(path))
        with pytest.raises(ValueError, match=r"^ENV_FILE must be the path of a file, or empty\.$"):
            load()


def test_a_file_must_be_text(set_variables: Set, tmp_path: Path) -> None:
    """The message has its path."""
    path = tmp_path / "binary"
    path.write_bytes(b"PORT=\xff\n")
    set_variables(ENV_FILE=str(path))
    with pytest.raises(ValueError, match=rf"^{path} is not UTF-8\.$"):
        load()


@pytest.mark.parametrize(
    "arguments",
    [
        ["app.app"],
        ["app.models.train_model", "data/raw/training.csv", "v0"],
        ["app.models.score_file", "in.csv", "out.csv", "v0"],
    ],
)
def test_a_wrong_setting_is_one_line(arguments: list[str]) -> None:
    """Whatever is started, and no traceback."""
    result = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | {"PORT": "abc"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (
        1,
        "Error: PORT must be a whole number above 0.\n",
    )


def test_importing_reads_nothing() -> None:
    """A wrong variable is an error when a setting is read, not before."""
    program = (
        "import app.settings, app.models.train_model, app.models.score_file\n"
        "try: app.settings.MODELS_ROOT\n"
        "except ValueError as error: print(error)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PORT": "abc"},
        capture_output=True,
        text=True,
    )
    assert (result.stdout, result.stderr) == ("PORT must be a whole number above 0.\n", "")


def test_the_directory_of_models_can_be_imported() -> None:
    """It is the one of the current settings, which are loaded once."""
    from app.settings import MODELS_ROOT

    assert settings.current.models_root == MODELS_ROOT
    assert settings.current is settings.current_or_exit()
    assert not hasattr(settings, "CURRENT")


def test_secrets_are_known_and_not_shown() -> None:
    """Neither in a traceback nor in a log."""
    assert SECRETS == ("MODEL_SIGNING_KEY", "API_KEYS")
    assert "hidden" not in repr(Settings(api_keys="hidden", model_signing_key="hidden"))


def test_the_example_has_every_setting() -> None:
    """`.env.example` gives each one's meaning and its default."""
    lines = EXAMPLE.split("\n\n", 1)[1].splitlines()
    expected = []
    for setting in fields(Settings):
        shown = setting.metadata["shown"]
        expected += [f"# {setting.metadata['meaning']}", f"#{setting.name.upper()}={shown}"]
    assert lines == expected


def test_the_example_holds_the_defaults(
    set_variables: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands it changes nothing, and with every line in use neither."""
    monkeypatch.chdir(ROOT)
    for text in (EXAMPLE, re.sub(r"^#([A-Z_]+=)", r"\1", EXAMPLE, flags=re.MULTILINE)):
        (tmp_path / "variables").write_text(text)
        set_variables(ENV_FILE=str(tmp_path / "variables"))
        loaded = load()
        paths = {
            setting.name: os.path.abspath(getattr(loaded, setting.name))
            for setting in fields(Settings)
            if str(getattr(Settings(), setting.name)).startswith(str(ROOT))
        }
        assert replace(loaded, **paths) == Settings()


def test_a_variable_of_keys_without_a_key_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone comma must not open the server."""
    monkeypatch.setenv("API_KEYS", " , ,")
    with pytest.raises(ValueError, match=r"^API_KEYS is set, but holds no key\.$"):
        load()
