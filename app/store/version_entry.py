"""What a process knows about one version, and the state that it reports."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.utils.files import FileIdentity

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel


@dataclass(slots=True)
class Entry:
    """What a process knows about one version; only the thread that holds the lock writes it.

    Entries stay, so that no two threads can hold different locks for one version; `model` may be
    evicted at any time by any thread.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    model: "TrainedModel | None" = None
    identity: FileIdentity | None = None  # of the file that was last tried
    failure: str | None = None  # why that file cannot be loaded
    failed_at: float = 0.0
    checked_at: float = 0.0
    used_at: float = 0.0


@dataclass(frozen=True)
class VersionState:
    """`ready`, `not loaded` or `unavailable`; outdated if its newer file cannot be loaded."""

    state: str
    outdated: bool = False
