"""All tests, and every process that they start, run on one thread; signals as from a terminal.

Two processes of tests share the cores, and a run repeats only with the same number of threads.
"""

import os
import signal

import pytest
import torch

from gan_helpers import threads
from gan_notebooks.interrupts import INTERRUPTS

for name in (threads.VARIABLE, "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
torch.set_num_threads(1)


@pytest.fixture
def signals_as_from_a_terminal():
    """A shell's background job and nohup ignore some signals, and hand that down."""
    earlier = {number: signal.getsignal(number) for number in INTERRUPTS}
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in earlier.items():
        signal.signal(number, handler)
