"""What the process does that `grade` starts: the exercises of one copy, each by its check.

`python -m gan_notebooks.grading` reads its task as a line of JSON from the standard input, which
stays open as long as the parent lives, and appends a line of JSON to the file `RESULTS` of its
folder for each exercise. It is told what to run; which files there are, it does not know.
"""

import importlib
import json
import os
import sys
import threading
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from gan_helpers.checks import RIGHT, UNSOLVED
from gan_notebooks import processes
from gan_notebooks.grade import RESULTS


def judge(shell, exercise, checks):
    """(result, hint) of one exercise: "right", "not yet", "unsolved" or "failed"."""
    execution = shell.run_cell(exercise["source"], silent=True)
    error = execution.error_before_exec or execution.error_in_exec
    if error is not None:
        return "failed", f"its cell stopped with {type(error).__name__}: {error}"
    name = exercise["function"]
    if name not in shell.user_ns:
        return "failed", f"its cell defines no {name}"
    text = getattr(checks, name).text_of(shell.user_ns[name])
    if text == RIGHT:
        return "right", ""
    if text.startswith(UNSOLVED):
        return "unsolved", ""
    return "not yet", text.removeprefix("✘ ")


def _end_with_the_parent(folder):
    """The standard input ends when the parent does: then nothing of this run may go on."""
    while os.read(0, 1):
        pass
    processes.end(folder)
    os._exit(1)


def main():
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_parent, args=[task["folder"]], daemon=True).start()
    os.environ["IPYTHONDIR"] = task["folder"]
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    checks = importlib.import_module(f"gan_helpers.checks.lesson_{task['lesson'][:2]}")
    with open(Path(task["folder"], RESULTS), "a", encoding="utf8") as results:
        for exercise in task["exercises"]:
            shell.reset(new_session=False)
            shell.run_cell(task["imports"], silent=True)
            result, hint = judge(shell, exercise, checks)
            results.write(json.dumps({"result": result, "hint": hint}) + "\n")
            results.flush()


if __name__ == "__main__":
    main()
