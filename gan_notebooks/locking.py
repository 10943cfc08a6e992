"""One sweep at a time in a folder."""

import contextlib
import os
import re
import socket

from filelock import FileLock, Timeout

from gan_helpers import tables
from gan_notebooks import marks
from gan_notebooks.errors import SweepError

LOCK = ".lock"
HOLDER = ".lock.holder"  # beside the lock, whose file cannot hold a text: who is sweeping
HOLDER_TEXT = re.compile(r"process \d+ on |$")


@contextlib.contextmanager
def locked(folder):
    """One sweep at a time in a folder. Raises SweepError, with the holder's name, for a second one.

    The system's lock on a file, which a process loses when it ends, even killed. Raises SweepError
    also where files of these names are none of a sweep.
    """
    marks.refuse_foreign(folder / LOCK, lambda path: path.stat().st_size == 0)
    marks.refuse_foreign(folder / HOLDER, lambda path: HOLDER_TEXT.match(_text(path)))
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SweepError(
            f"{_holder(folder)} is sweeping into {folder.absolute()}: wait, or give another folder"
        ) from None
    try:
        tables.replace(folder / HOLDER, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(folder):
    return _text(folder / HOLDER) or "another process"


def _text(path):
    """What a file holds (str); "" where it has just gone, as another process takes and gives it."""
    try:
        return path.read_text(encoding="utf8", errors="replace")
    except OSError:
        return ""
