"""What tells a version from another: the estimator as text, and where the version comes from."""

from dataclasses import dataclass

MAX_NOTE = 200
"""So many characters a note has at most."""


@dataclass(frozen=True)
class EstimatorText:
    """An estimator as scikit-learn prints it: the parameters that differ from their defaults.

    Attributes
    ----------
    whole : str
        With all of its steps, in several lines.
    last : str
        Of a pipeline the last step alone, which is the model; in one line.
    """

    whole: str
    last: str


@dataclass(frozen=True)
class Origin:
    """Where a version comes from; each is empty if it is not known.

    Attributes
    ----------
    options : tuple of str
        Of the command line, as a shell would pass them, without the file, the version and the note.
    commit : str
        What git had checked out where the training ran.
    dirty : bool
        Whether files that git knows had changes that were not committed.
    author : str
        The name that git knows of whoever trained it.
    adopted : str
        Of a version that was trained elsewhere the name of its pickle.
    """

    options: tuple[str, ...] = ()
    commit: str = ""
    dirty: bool = False
    author: str = ""
    adopted: str = ""
