"""What the command lines of this package share: the choice of lessons, and errors in words."""

import signal
import sys
import time

from gan_helpers.parameters import ParameterError
from gan_notebooks.errors import CourseError
from gan_notebooks.notebooks import NOTEBOOKS

# Who ends a job or closes a terminal sends one of these. Windows lacks some.
STOP_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
]
PATIENCE = 15  # seconds in which a second signal ends nothing that is being ended


def interrupt_by_signals():
    """Make the signals that end a process do what Ctrl-C does, for a command's `main`.

    A closed terminal sends SIGHUP twice: what comes while the first one is obeyed is passed over. A
    second Ctrl-C is not. What is ignored stays so, as SIGHUP under nohup.
    """
    obeyed = -PATIENCE

    def interrupt(signum, frame):
        nonlocal obeyed
        if time.monotonic() - obeyed > PATIENCE:
            obeyed = time.monotonic()
            raise KeyboardInterrupt

    for number in STOP_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def add_choice_of_lessons(parser):
    """Give an argparse parser the options --lesson and --notebooks."""
    parser.add_argument(
        "--lesson", default="", help="start of the file name, such as 02; default: every lesson"
    )
    parser.add_argument(
        "--notebooks",
        metavar="FOLDER",
        default=NOTEBOOKS,
        help="folder of the lessons; default: %(default)s",
    )


def exit_code(parser, options, *, stopped="Stopped."):
    """Do what `options.do` stands for, a function of the options. Returns the exit code for `main`.

    0: all is well, 1: not all, or stopped by Ctrl-C, 2: it could not start. An error that its user
    can cure is printed in words, without a traceback: a missing folder and a full disk too
    (OSError). `parser`: the argparse.ArgumentParser, which knows the command's name.
    """
    try:
        return 0 if options.do(options) else 1
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return 1
    except (CourseError, ParameterError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", CourseError.exit_code)
