"""How many CPU threads training takes: one, unless GAN_HELPERS_THREADS asks for more.

torch's threads spin while they wait for each other. Where another process takes the core of one of
them, all of them wait, and two threads do a fraction of one thread's steps: `python -m benchmarks
threads` measures it. No torch in here: the command line needs the number, and torch takes a second
to import.
"""

import math
import os
import re
from pathlib import Path

from gan_helpers.parameters import ParameterError

VARIABLE = "GAN_HELPERS_THREADS"
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def number(default=1):
    """The threads (int) that training takes: what the variable says, or `default`.

    Never more than `usable_cores`. Raises ParameterError where the variable is no number from 1.
    """
    text = os.environ.get(VARIABLE) or str(default)
    if not re.fullmatch("[1-9][0-9]*", text):
        raise ParameterError(
            f"the environment variable {VARIABLE} must be a whole number from 1, the CPU threads "
            f"that training takes, got {text!r}: set it to such a number, or unset it for {default}"
        )
    return min(int(text), usable_cores())


def usable_cores():
    """The CPU cores (int, at least 1) that this process may use.

    Those that it is bound to, or what a container allows; a part of a core counts as one.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS binds no process, and on Windows Python cannot tell
        cores = os.cpu_count() or 1
    return math.ceil(min([cores, *_quotas()]))


def _quotas():
    """The limits (list of float, in cores) of the control groups that this process is in."""
    try:
        lines = OWN_CGROUPS.read_text(encoding="utf8").splitlines()
    except OSError:  # not Linux
        return []
    quotas = []
    for line in lines:  # "number:controllers:path"; version 2 names no controllers
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = CGROUPS / "cpu" if controllers else CGROUPS
        own = root / path.lstrip("/")
        # Groups lie in each other, and each may have a limit. In a container the path may be the
        # host's, of which only the root is to be seen.
        quotas += [_quota(folder) for folder in (own, *own.parents) if folder.is_relative_to(root)]
    return [quota for quota in quotas if quota is not None]


def _quota(folder):
    """The limit (float, in cores) of one control group; None where it has none."""
    try:
        if (folder / "cpu.max").exists():  # version 2: "150000 100000", or "max 100000"
            quota, period = (folder / "cpu.max").read_text(encoding="utf8").split()
        else:  # version 1, where −1 means no limit
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="utf8")
            period = (folder / "cpu.cfs_period_us").read_text(encoding="utf8")
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):
        return None
