"""Read a file that may be anything: another's, damaged, endless."""

import stat
from pathlib import Path

from gan_notebooks.errors import CourseError


def read_text(path, largest, kind="file"):
    """The text (str) of a file of at most `largest` bytes; `kind` names it in messages.

    Raises CourseError where it is no file (reading from a pipe or a device would wait for ever),
    larger or not in UTF-8; OSError as `open`.
    """
    path = Path(path)
    facts = path.stat()
    cause = ""
    if not stat.S_ISREG(facts.st_mode):
        cause = "it is a folder, a pipe or a device: move it away"
    elif facts.st_size > largest:
        cause = f"it has {facts.st_size:,} bytes, and at most {largest:,} are read"
    else:
        try:
            return path.read_text(encoding="utf8")
        except UnicodeError as error:
            cause = f"it is not in UTF-8 ({error})"
    raise CourseError(f"the {kind} {path} cannot be read: {cause}")
