"""What the command lines of this package share: the choice of lessons, and errors in words."""

import sys

from gan_helpers.parameters import ParameterError
from gan_notebooks.errors import CourseError
from gan_notebooks.notebooks import NOTEBOOKS


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
