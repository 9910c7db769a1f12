"""Version id ↔ file name: `v0` ↔ `trained-model-v0.p`."""

import re

from app.helpers.errors import InvalidVersionId, quote

VERSION_ID = re.compile(r"v(0|[1-9][0-9]{0,8})")
FILENAME_PATTERN = rf"trained-model-({VERSION_ID.pattern})\.p"


def make_filename(version_id: str) -> str:
    """Return the name of the version's file; InvalidVersionId if the id is not `v` and a number."""
    if not VERSION_ID.fullmatch(version_id):
        raise InvalidVersionId(
            f"{quote(version_id)} is not a valid version id; valid are v0, v1, v2 and so on."
        )
    return f"trained-model-{version_id}.p"


def parse_version_id(filename: str) -> str:
    """Return the version id in a file name; InvalidVersionId if it is no model's."""
    match = re.fullmatch(FILENAME_PATTERN, filename)
    if match is None:
        raise InvalidVersionId(f"{quote(filename)} is not the name of a trained model.")
    return match.group(1)


def version_number(version_id: str) -> int:
    """Return the number in a valid version id: v10 comes after v9."""
    return int(version_id[1:])
