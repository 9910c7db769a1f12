"""Parts of an output that workers leave beside it."""

import io
from pathlib import Path
from typing import Any

import pytest

from app.bulk import parts
from app.bulk.parts import Part, put_down


def test_a_part_is_put_down_where_that_can_be_done(tmp_path: Path) -> None:
    """Else it is sent: a worker on another machine may not have the output's directory."""
    part = put_down(b"a,0.5\n", str(tmp_path))
    assert isinstance(part, Part)
    output = io.BytesIO(b"id,prediction\n")
    output.seek(0, io.SEEK_END)
    part.move_to(output)
    assert output.getvalue() == b"id,prediction\na,0.5\n"
    assert not list(tmp_path.iterdir())
    assert put_down(b"a,0.5\n", str(tmp_path / "elsewhere")) == b"a,0.5\n"


def test_no_half_of_a_part_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk, where it would take what the output itself needs."""

    def open_on_a_full_disk(path: str, mode: str) -> Any:
        Path(path).write_bytes(b"a,")
        return io.open("/dev/full", "wb")  # noqa: UP020 - `open` is this function

    monkeypatch.setattr(parts, "open", open_on_a_full_disk, raising=False)
    assert put_down(b"a,0.5\n", str(tmp_path)) == b"a,0.5\n"
    assert not list(tmp_path.iterdir())
