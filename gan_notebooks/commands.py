"""What the command lines of this package share: the choice of lessons, and errors in words."""

import contextlib

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


@contextlib.contextmanager
def explained(parser):
    """For a `main`: an error that its user can cure ends the process in words, without a traceback.

    `parser`: the argparse.ArgumentParser, which prints the message. The code is 2, as after a bad
    argument, unless the error has another one. A folder that is missing and a full disk are such
    errors too (OSError).
    """
    try:
        yield
    except (CourseError, ParameterError, OSError) as error:
        code = getattr(error, "exit_code", CourseError.exit_code)
        parser.exit(code, f"{parser.prog}: error: {error}\n")
