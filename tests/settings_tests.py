"""Settings: from the environment, each mistake named."""

import os
import subprocess
import sys

import pytest

from app.settings import SECRETS, Settings
from tests.support.paths import ROOT


def test_the_environment_overrides_the_defaults() -> None:
    """A variable that is set but empty does not."""
    settings = Settings.from_environment({"PORT": "99", "HOST": "", "API_KEYS": "a,b"})
    assert (settings.port, settings.host, settings.api_keys) == (99, "0.0.0.0", "a,b")


@pytest.mark.parametrize("text", ["abc", "-1", "0", "1.5", "٣", " 1"])
def test_a_number_must_be_one(text: str) -> None:
    """The message names the variable, not the value."""
    with pytest.raises(ValueError, match=r"^PORT must be a whole number above 0\.$"):
        Settings.from_environment({"PORT": text})


@pytest.mark.parametrize("module", ["app.app", "app.models.train_model"])
def test_a_wrong_setting_is_one_line(module: str) -> None:
    """Whatever is started, and no traceback."""
    result = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=os.environ | {"PORT": "abc"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (
        1,
        "Error: PORT must be a whole number above 0.\n",
    )


def test_secrets_are_known_and_not_shown() -> None:
    """Neither in a traceback nor in a log."""
    assert SECRETS == ("MODEL_SIGNING_KEY", "API_KEYS")
    assert "hidden" not in repr(Settings(api_keys="hidden", model_signing_key="hidden"))


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
