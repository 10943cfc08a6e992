"""What keeps a lesson small in memory, so that two of them fit beside a server on Binder.

`python -m benchmarks memory` measures it.
"""

import ctypes
import sys

LARGE = 4 * 2**20  # bytes: more than a training step's own tensors mostly have
M_MMAP_THRESHOLD = -3  # the name of the setting in glibc's malloc.h


def keep_small():
    """Let glibc return every freed block of LARGE bytes or more to the system at once.

    By itself it raises this limit to the largest block that was freed, up to 32 MB. Then matrices
    of 10 MB come and go among small blocks that stay, and 100 MB are held that nobody uses.
    """
    _call_glibc("mallopt", M_MMAP_THRESHOLD, LARGE)


def give_back():
    """Return the memory between blocks in use to the system, as training leaves it scattered.

    It takes some milliseconds. Only glibc has it; elsewhere nothing happens.
    """
    _call_glibc("malloc_trim", 0)


def _call_glibc(name, *arguments):
    """Call a function of the C library, where it is glibc's: another one has none of that name."""
    if sys.platform == "linux":
        function = getattr(ctypes.CDLL(None), name, None)
        if function is not None:
            function(*arguments)
