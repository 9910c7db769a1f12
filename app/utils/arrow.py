"""Arrow without pandas, for a process that needs pandas for nothing."""

import sys
from collections.abc import Sequence


def leave_pandas_out() -> None:
    """Let Arrow find no pandas in this process, unless pandas is imported already.

    To tell whether an object that it is given is one of pandas', Arrow imports pandas, which takes
    0.3 s and 70 MB. It does so only once, so it is enough to hide pandas this once. From then on
    Arrow cannot convert to pandas in this process.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    hiding = _Hiding()
    sys.meta_path.insert(0, hiding)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(hiding)


class _Hiding:
    """What says of pandas that it is not installed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)
