"""What a user of the commands can do wrong or mend; each `main` prints it without a traceback."""

LONGEST_MESSAGE = 600  # characters; the longest that the lessons of the course lead to has 500


class CourseError(RuntimeError):
    """What is asked cannot be done; the message says why and what to do."""

    exit_code = 2


class NoLessonsError(CourseError):
    """There is no such lesson."""

    exit_code = 1


class SweepError(CourseError):
    """A sweep cannot start or go on."""


class RunError(CourseError):
    """A run of a lesson that others rest on stopped with an error."""


def shortened(text, length=LONGEST_MESSAGE):
    """A text cut to about `length` characters: the cause at its start, the cure at its end.

    What is left out in between is counted.
    """
    if len(text) <= length:
        return text
    tail = length // 3
    head = length - tail
    return f"{text[:head]} … ({len(text) - length:,} more characters) … {text[-tail:]}"
