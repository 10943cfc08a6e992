"""What the command lines of this package share: the choice of lessons, and errors in words."""

import errno
import os
import sys

from gan_helpers.parameters import ParameterError
from gan_notebooks.errors import CourseError, shortened
from gan_notebooks.interrupts import interrupt_by_signals
from gan_notebooks.notebooks import NOTEBOOKS

CURES = {
    errno.EACCES: "you may not read or write there: change its permissions, or name another path",
    errno.EEXIST: "a file is in the way of a folder: move it away, or name another path",
    errno.EISDIR: "a folder is in the way of a file: move it away, or name another path",
    errno.ELOOP: "a symbolic link leads back to itself: remove it, or name another path",
    errno.ENAMETOOLONG: "most file systems take 255 bytes a name: give a shorter one",
    errno.ENOENT: "look for a slip in the path",
    errno.ENOSPC: "make room on the disk, then start the same command again",
    errno.ENOTDIR: "a part of the path is a file, and no folder: name another path",
    errno.EPERM: "you may not do this there: name another path",
    errno.EROFS: "nothing can be written there: name another path",
}


def add_choice_of_lessons(parser):
    """Give an argparse parser the options --lesson and --notebooks."""
    parser.add_argument(
        "--lesson", default="", help="start of the file name, such as 02; default: every lesson"
    )
    add_notebooks_option(parser)


def add_notebooks_option(parser):
    """Give an argparse parser the option --notebooks."""
    parser.add_argument(
        "--notebooks",
        metavar="FOLDER",
        default=NOTEBOOKS,
        help="folder of the lessons; default: %(default)s",
    )


def exit_code(parser, options, *, stopped="Stopped."):
    """Do what `options.do` stands for, a function of the options. Returns the exit code for `main`.

    0: all is well, 1: not all, or stopped by Ctrl-C, 2: it could not start, or not go on. An error
    that its user can cure is printed in words, without a traceback: a missing folder and a full
    disk too (OSError). `parser`: the argparse.ArgumentParser, which knows the command's name. From
    here on the signals that end a process do what Ctrl-C does.
    """
    interrupt_by_signals()
    _make_streams_safe()
    try:
        is_well = options.do(options)
        sys.stdout.flush()  # a full disk shows here, and not after the end
        return 0 if is_well else 1
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return 1
    except BrokenPipeError:  # as in `gan-notebooks list | head -1`
        _drop_what_cannot_be_written()
        print(f"{parser.prog}: stopped, since nobody reads what it prints", file=sys.stderr)
        return 1
    except (CourseError, ParameterError, OSError) as error:
        _drop_what_cannot_be_written()
        print(f"{parser.prog}: error: {shortened(in_words(error))}", file=sys.stderr)
        return getattr(error, "exit_code", CourseError.exit_code)


def _make_streams_safe():
    """Printing must not fail where a stream was closed (`>&-`), or on a console without ✘."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf8"))  # noqa: SIM115
    sys.stdout.reconfigure(errors="replace")


def _drop_what_cannot_be_written():
    """Python would try once more at its end, and fail without words."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def in_words(error):
    """What an error says (str); of an OSError the path, what is wrong with it, and what to do."""
    if not isinstance(error, OSError) or error.errno not in CURES:
        return str(error)
    path = error.filename2 or error.filename
    where = f"{path}: " if path else ""
    return f"{where}{error.strerror}; {CURES[error.errno]}"
