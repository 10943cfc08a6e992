"""What a user of the commands can do wrong or mend; each `main` prints it without a traceback."""


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
