"""The tests of app/utils: `python -m tests.utils_tests`, with any options of pytest."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    raise SystemExit(pytest.main([str(Path(__file__).with_name("utils")), *sys.argv[1:]]))
