"""All tests, and every process that they start, run on one thread.

Two processes of tests share the cores, and a run repeats only with the same number of threads.
"""

import os

import torch

from gan_helpers import threads

for name in (threads.VARIABLE, "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
torch.set_num_threads(1)
