"""Read a file that may be anything: another's, damaged, endless."""

import stat
from pathlib import Path

from gan_notebooks.errors import CourseError


def read_text(path, largest):
    """The text (str) of a file of at most `largest` bytes.

    Raises CourseError where it is no file (reading from a pipe or a device would wait for ever),
    larger or not UTF-8; OSError as `open`.
    """
    path = Path(path)
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise CourseError(f"{path} is no file but a folder, a pipe or a device: move it away")
    if facts.st_size > largest:
        raise CourseError(f"{path} has {facts.st_size:,} bytes, more than {largest:,} are not read")
    try:
        return path.read_text(encoding="utf8")
    except UnicodeError as error:
        raise CourseError(f"{path} is not in UTF-8: {error}") from None
