"""The encoding of a CSV, found out from its bytes; and the file as UTF-8.

UTF-8 is what decodes as UTF-8; a byte order mark tells UTF-16. The rest is Windows-1252 only where
the text reads like one of a Western language. charset-normalizer was tried for that and decides by
chance on as little text as tables have beyond ASCII: "5 €" is Cyrillic to it, "größer" and "año"
are Central European, "Москва" in Windows-1251 is Korean. Looking at where the letters stand tells
all of these apart, and Polish, Russian, Greek, Hebrew and Japanese files are not taken for Western.
"""

import codecs
import re
import tempfile
import unicodedata
from typing import BinaryIO

from app.helpers.errors import InvalidDataset

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
WESTERN = "cp1252"
_CHUNK_SIZE = 1024 * 1024  # bytes
_UTF_8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_WORD = re.compile(r"\w*[^\x00-\x7f]\w*")
# Signs that no Western language has in a word; where they stand in one, it has Polish Ł for £.
_SIGN_IN_WORD = re.compile(
    r"[^\W\d_][€‚„…†‡ˆ‰‹‘“”•˜™›¡¢£¤¥¦§¨©«¬®¯°±²³´¶¸¹»¼½¾¿×÷][^\W\d_]|[£¯³¹¼¾][^\W\d_]"
)
_MAX_WORDS = 10_000  # are looked at: the first ones
_MAX_FOREIGN_SHARE = 0.5


def find_encoding(file: BinaryIO) -> str:
    """Return "utf-8", "utf-16" or "cp1252".

    Raises
    ------
    InvalidDataset
        If it is none of them; it names the first line that is not UTF-8.
    """
    if has_utf_16_mark(file):
        return "utf-16"
    if _is_utf_8(file):
        return "utf-8"
    is_cut = find_undecodable_line(file, "utf-8", is_whole=False) is None
    if not is_cut and _is_western(file):
        return WESTERN
    line = find_undecodable_line(file, "utf-8")
    raise InvalidDataset(
        f"Line {line} is not UTF-8; save the file as UTF-8 text, or name its encoding with"
        " --encoding, such as --encoding cp1252."
    )


def has_utf_16_mark(file: BinaryIO) -> bool:
    """Whether a file begins with a byte order mark of UTF-16."""
    file.seek(0)
    return file.read(2) in UTF_16_MARKS


def _is_utf_8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK_SIZE):
            if not chunk.isascii() or decoder.getstate()[0]:  # ASCII costs next to nothing
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def find_undecodable_line(file: BinaryIO, encoding: str, is_whole: bool = True) -> int | None:
    """Return the number of the first line that is not of this encoding, None if all are.

    Unless the file is whole, its last character may be cut.
    """
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    n_lines = 1
    while True:
        chunk = file.read(_CHUNK_SIZE)
        try:
            text = decoder.decode(chunk, final=is_whole and not chunk)
        except UnicodeError as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            return n_lines + chunk.count(b"\n", 0, max(0, start))
        if not chunk:
            return None
        n_lines += text.count("\n")


def recode(file: BinaryIO, encoding: str) -> BinaryIO:
    """Return a file's text as a temporary file in UTF-8, without a byte order mark.

    Raises
    ------
    InvalidDataset
        If a line is not of this encoding.
    """
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    recoded = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        while True:
            chunk = file.read(_CHUNK_SIZE)
            recoded.write(decoder.decode(chunk, final=not chunk).encode())
            if not chunk:
                return recoded
    except UnicodeError as error:
        recoded.close()
        line = find_undecodable_line(file, encoding)
        raise InvalidDataset(
            f"Line {line} is not {encoding.upper()}; name the file's encoding with --encoding."
        ) from error


def _is_western(file: BinaryIO) -> bool:
    """Whether bytes that are not UTF-8 read like Western text in Windows-1252.

    It holds no well-formed sequence of UTF-8 (then it would rather be a damaged or mixed file); no
    sign such as ³ or £ stands between two letters, as it does where letters of other alphabets are
    read so; and most letters are plain ones, as they are in all Western languages.
    """
    words: set[str] = set()
    file.seek(0)
    while chunk := file.read(_CHUNK_SIZE):
        chunk += file.readline(_CHUNK_SIZE)
        if _UTF_8_SEQUENCE.search(chunk):
            return False
        try:
            text = chunk.decode(WESTERN)
        except UnicodeDecodeError:  # five bytes mean nothing in Windows-1252
            return False
        if _SIGN_IN_WORD.search(text) or any(map(_is_control, set(text))):
            return False
        if len(words) < _MAX_WORDS:
            words.update(_WORD.findall(text))
    letters = [character for word in words for character in word if character.isalpha()]
    foreign = sum(not letter.isascii() for letter in letters)
    return foreign <= 3 or foreign <= _MAX_FOREIGN_SHARE * len(letters)


def _is_control(character: str) -> bool:
    return character not in "\t\r\n\x0b\x0c\x1a" and unicodedata.category(character) == "Cc"
