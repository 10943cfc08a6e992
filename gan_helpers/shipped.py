"""The files that ship with the course: each is compared with its checksum once a process.

Those of MNIST's archives are published (data.MD5). Those of the weights, and of the floors, stand
beside them, in assets/weights.sha256, as `sha256sum` writes them; `write_weights` and `list_file`
keep them up to date.
"""

import hashlib
import re
import stat
from pathlib import Path

import torch
from safetensors.torch import load, save_file

ASSETS = Path(__file__).parent / "assets"
SUMS = "weights.sha256"  # a line a file: checksum and name
CURE = "reinstall the package, or restore the file with `git checkout -- gan_helpers/assets`"


class DataError(RuntimeError):
    """A file of the course is missing, cannot be read, or is not the one that was shipped."""


_checked = set()  # the files that have been compared in this process


def read(path, kind, expected):
    """The bytes of a file that has the checksum `expected` (str) of a `kind`: "MD5" or "SHA-256".

    Raises DataError, with the file, both checksums and the cure, where it is another file, is
    missing or cannot be read.
    """
    content = _content(path, f"expected {kind} {expected}")
    if path not in _checked:
        actual = _checksum(content, kind)
        if actual != expected:
            raise DataError(
                f"{path} is damaged or another file: expected {kind} {expected}, found {actual}: "
                f"{CURE}"
            )
        _checked.add(path)
    return content


def read_listed(path):
    """The bytes of a file that the table of checksums beside it lists. Raises DataError."""
    table = path.with_name(SUMS)
    expected = _sums(_content(table, "the checksums of the weights")).get(path.name)
    if expected is None:
        raise DataError(f"{table} is damaged, it has no SHA-256 of {path.name}: {CURE}")
    return read(path, "SHA-256", expected)


def load_net(make, path):
    """The net that `make()` builds, with the weights of a file that ships with the course.

    A new net draws its first weights; the global random numbers go on as if it had not, so that who
    measures in the middle of a training does not change it. Raises DataError as `read`.
    """
    weights = load(read_listed(path))
    with torch.random.fork_rng(devices=[]):
        net = make()
    net.load_state_dict(weights)
    return net


def write_weights(weights, path):
    """Write weights (dict of name to tensor) to `path`, and their checksum into the table there.

    Raises ValueError, and writes nothing, where a weight is no finite number.
    """
    broken = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(
            f"{path.name} is left as it was: {', '.join(broken)} would hold NaN or infinity, as "
            "after a training that diverged: train with a lower learning rate"
        )
    save_file(weights, path)
    list_file(path)


def list_file(path):
    """Write the checksum of a file as it is now into the table beside it."""
    table = path.with_name(SUMS)
    sums = _sums(table.read_bytes()) if table.exists() else {}
    sums[path.name] = _checksum(path.read_bytes(), "SHA-256")
    lines = [f"{checksum}  {name}\n" for name, checksum in sorted(sums.items())]
    table.write_text("".join(lines), encoding="utf8", newline="\n")
    _checked.discard(path)


def _content(path, what):
    """The bytes of a file. Raises DataError where there are none; `what` it should be (str)."""
    found = "is no regular file"
    cure = f"remove it, then {CURE}"
    try:
        # Looked at first: a named pipe would be waited for.
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.read_bytes()
        if stat.S_ISDIR(mode):
            found = "is a folder"
    except (FileNotFoundError, NotADirectoryError):
        found = "is missing"
        cure = CURE
    except OSError as error:
        found = f"cannot be read, {error.strerror or error}"
        cure = f"allow it to be read, or {CURE}"
    raise DataError(f"{path} {found} ({what}): {cure}")


def _checksum(content, kind):
    algorithm = kind.replace("-", "").lower()
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()


def _sums(table):
    """The lines of a table of checksums (bytes) as {file name: SHA-256}; others are left out."""
    lines = re.findall(r"^([0-9a-f]{64}) [ *](.+?)\r?$", table.decode(errors="replace"), re.M)
    return {name: checksum for checksum, name in lines}
