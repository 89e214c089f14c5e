"""Recognition of how a CSV file is written: its encoding and its separator."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from pathlib import Path

BYTES_AT_ONCE = 1 << 20
SEPARATORS = ",;\t|"


def find_encoding(path: Path) -> str:
    """Recognise a file's encoding by its mark, or by what all of its bytes are.

    Bytes that are not UTF-8 are Korean where each pair is one of KS X 1001, whose second bytes no Western accent is
    followed by, or at least CP949 with nothing but Hangul in it; else they are Windows' Western alphabet.

    Returns:
        A codec: `utf-8-sig`, `utf-16`, `cp949`, `cp1252` or `latin-1`.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(3)
    if start[:2] in (BOM_UTF16_LE, BOM_UTF16_BE):
        return "utf-16"
    if start == BOM_UTF8 or _decodes(path, "utf-8"):
        return "utf-8-sig"
    if _decodes(path, "euc_kr") or _is_hangul(path):
        return "cp949"
    return "cp1252" if _decodes(path, "cp1252") else "latin-1"


def _decodes(path: Path, codec: str) -> bool:
    decoder = getincrementaldecoder(codec)()
    try:
        with path.open("rb") as file:
            while piece := file.read(BYTES_AT_ONCE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_hangul(path: Path) -> bool:
    """Return whether CP949 reads a file, and most of what is not ASCII in it as pairs of KS X 1001."""
    if not _decodes(path, "cp949"):
        return False
    with path.open(encoding="cp949", newline="") as file:
        letters = [letter for letter in file.read(BYTES_AT_ONCE) if ord(letter) > 127]
    return 2 * sum(letter.encode("cp949")[1] >= 0xA1 for letter in letters) > len(letters)


def find_separator(header: str) -> str:
    """Recognise what separates values: what stands most often outside quotation marks in the first line."""
    outside = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=outside.count)
