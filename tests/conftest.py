"""Every test process has one thread, and what it starts inherits that.

Two processes of two threads on two cores, or a machine that is busy otherwise, make torch's threads
wait for each other: the same tests then take up to eight times as long.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
