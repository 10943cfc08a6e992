"""The temporary folders of a run: its kernel's sockets, keys and whatever its cells leave there.

Each folder belongs to the process that made it, by a lock that the system takes back when that
process ends, even killed. A folder whose lock nobody holds is stale: the next start clears it, and
ends what still runs in it.
"""

import contextlib
import functools
import os
import re
import shutil
import socket
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

from gan_notebooks import processes
from gan_notebooks.errors import SweepError

PREFIX = "gan-run-"
NAME = re.compile(r"\.?gan-run-\w{8}")  # as `tempfile.mkdtemp` makes it
LOCK = ".gan-notebooks.lock"
SOCKET = "k"  # jupyter_client adds -1 … -5
LONGEST_SOCKET = f"{SOCKET}-5"
OLD = 3600  # seconds after which an empty folder without a lock is nobody's


class Folder:
    """A temporary folder that is this process's until `remove`, or until the process ends."""

    def __init__(self, parent):
        """Make it in `parent`. Raises OSError."""
        prefix = PREFIX if Path(parent) != _home() else f".{PREFIX}"
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            self.lock = FileLock(self.path / LOCK, thread_local=False)
            try:
                self.lock.acquire(timeout=0)
            except Timeout:  # another start took it for a stale one
                continue
            if self.lock_file.exists():
                return

    @property
    def lock_file(self):
        return self.path / LOCK

    def remove(self):
        """Remove it with all that is in it; what cannot be removed stays for the next start."""
        clear(self.path)
        self.lock.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        self.remove()


def clear(folder):
    """Remove what is in a folder. Its lock goes last: by it, half a folder is known as one."""
    with contextlib.suppress(OSError):
        for path in list(Path(folder).iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != LOCK:
                path.unlink(missing_ok=True)


class RunFolders:
    """What a run has of its own: `path` for its temporary files, `sockets` for its kernel's.

    `sockets` is None where the system has no Unix sockets (Windows).
    """

    def __init__(self):
        """Raises SweepError where no folder takes sockets, OSError where none can be made."""
        clear_stale()
        folder = Folder(tempfile.gettempdir())
        self._folders = [folder]
        self.path = folder.path
        self.sockets = None
        if has_sockets():
            try:
                self.sockets = self._folder_for_sockets()
            except BaseException:
                self.remove()
                raise

    def _folder_for_sockets(self):
        """The folder itself; where its path is too long, one in a place with a shorter path."""
        reasons = []
        if takes_sockets(self.path, reasons):
            return self.path
        for parent in short_places():
            try:
                folder = Folder(parent)
            except OSError as error:
                reasons.append(f"{parent}: {error.strerror or error}")
                continue
            self._folders.append(folder)
            if takes_sockets(folder.path, reasons):
                return folder.path
        raise SweepError(
            "no folder takes the sockets of a kernel, whose paths may have 107 bytes (103 on "
            f"macOS): {'; '.join(reasons)}. Set TMPDIR to a folder with a short path, on a disk of "
            "this machine, that you may write to"
        )

    @property
    def every(self):
        """The paths (list of str) of all of them; that of `path` comes first."""
        return [str(folder.path) for folder in self._folders]

    @property
    def environment(self):
        """Environment variables (dict) for the processes of the run: what they leave is here."""
        names = ("TMPDIR", "TEMP", "TMP", "JUPYTER_RUNTIME_DIR", processes.MARK)
        return dict.fromkeys(names, str(self.path))

    def remove(self):
        for folder in self._folders:
            folder.remove()


def has_sockets():
    """Has the system Unix sockets that a kernel can be reached by?"""
    return processes.IS_POSIX and hasattr(socket, "AF_UNIX")


def takes_sockets(folder, reasons):
    """Can a kernel's sockets be made in `folder`? Where not, the reason is added to `reasons`."""
    path = Path(folder) / LONGEST_SOCKET
    try:
        str(path).encode()  # as ZeroMQ takes it
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
        path.unlink()
    except (OSError, ValueError) as error:
        reasons.append(f"{path.parent.parent}: {getattr(error, 'strerror', None) or error}")
        return False
    return True


def _home():
    try:
        return Path.home()
    except RuntimeError:  # there is none
        return None


def short_places():
    """Folders (list of Path) that usually have a short path."""
    return [place for place in (Path("/tmp"), _home()) if place is not None and place.is_dir()]


@functools.cache
def clear_stale():
    """Clear what killed processes of this user have left. Looks once in a process's life."""
    for place in {Path(tempfile.gettempdir()), *short_places()}:
        with contextlib.suppress(OSError):
            for path in [*place.glob(f"{PREFIX}*"), *place.glob(f".{PREFIX}*")]:
                with contextlib.suppress(OSError):
                    _clear_if_stale(path)


def _clear_if_stale(path):
    """Clear one folder where it is of our making, this user's, and nobody holds its lock."""
    status = path.lstat()
    is_own = not processes.IS_POSIX or status.st_uid == os.getuid()
    if not (NAME.fullmatch(path.name) and is_own and path.is_dir() and not path.is_symlink()):
        return
    if not (path / LOCK).is_file():
        if time.time() - status.st_mtime > OLD:
            path.rmdir()  # where it is empty: killed between two steps
        return
    lock = FileLock(path / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return
    processes.end(path)
    clear(path)
    lock.release()
    shutil.rmtree(path, ignore_errors=True)
