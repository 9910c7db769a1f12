"""The content of a request's body: its media type and charset, and unpacking what is compressed."""

import io
import zlib
from collections.abc import Mapping

from app.helpers.errors import InvalidPayload, UnknownEncoding, UnknownMediaType
from app.web.wsgi_request import Environ, read_body, too_many_bytes

MEDIA_TYPES = "application/json", "text/csv"
CHARSETS = "utf-8", "utf8", "us-ascii", "ascii"
ACCEPT_ENCODING = "gzip, identity"
"""The codings for which a client is asked that used another (RFC 9110, section 12.5.3)."""

NOT_GZIP = "Request body is not valid gzip."
_GZIP = 16 + zlib.MAX_WBITS  # zlib's sign for the format of gzip
_PIECE = 4096  # bytes; what follows a member in its piece is copied, and members can be tiny


def check_content(media_type: str, parameters: Mapping[str, str], environ: Environ) -> None:
    """Raise UnknownMediaType or UnknownEncoding unless a body can be read.

    Parameters
    ----------
    media_type : str
        In lower case, without parameters.
    parameters : mapping of str to str
        Those of the media type.
    environ : dict
        Of the WSGI request.
    """
    if media_type not in MEDIA_TYPES:
        raise UnknownMediaType("Content-Type must be application/json or text/csv.")
    if parameters.get("charset", "utf-8").lower() not in CHARSETS:
        raise UnknownMediaType("The charset must be UTF-8.")
    if _codings(environ) not in ([], ["gzip"], ["x-gzip"]):  # both mean the same
        raise UnknownEncoding("The Content-Encoding must be gzip or identity.")


def read_content(environ: Environ, limit: int) -> bytes:
    """Return the body, unpacked if it is compressed.

    Parameters
    ----------
    environ : dict
    limit : int
        Bytes, both as they are sent and unpacked.

    Raises
    ------
    PayloadTooLarge, InvalidPayload
        As `read_body` and `gunzip` do.
    """
    body = read_body(environ, limit)
    return gunzip(body, limit) if _codings(environ) else body


def gunzip(packed: bytes, limit: int) -> bytes:
    """Return the content of a gzip file, which may have several members (RFC 1952).

    Raises
    ------
    PayloadTooLarge
        If the content has more than `limit` bytes; no more of it than that is unpacked.
    InvalidPayload
        If the file is damaged or cut off, or if something else follows.
    """
    unpacked = io.BytesIO()  # gives its bytes away without copying them
    member = zlib.decompressobj(_GZIP)
    for start in range(0, len(packed), _PIECE):
        piece = packed[start : start + _PIECE]
        while piece:
            if member.eof:
                member = zlib.decompressobj(_GZIP)
            try:
                unpacked.write(member.decompress(piece, limit + 1 - unpacked.tell()))
            except zlib.error:
                raise InvalidPayload(NOT_GZIP) from None
            if unpacked.tell() > limit:
                raise too_many_bytes(limit)
            piece = member.unused_data
    if not member.eof:
        raise InvalidPayload(NOT_GZIP)
    return unpacked.getvalue()


def _codings(environ: Environ) -> list[str]:
    """Return the codings of a body, in the order in which they were applied."""
    sent = environ.get("HTTP_CONTENT_ENCODING", "").lower().split(",")
    return [name for name in map(str.strip, sent) if name not in ("", "identity")]
