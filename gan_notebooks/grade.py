"""Grade students' copies of lessons: `gan-notebooks grade FOLDER`.

Of each copy only the exercises' cells run, behind the lesson's own imports, and the course's own
checks judge them, whatever stands in the copy's other cells. That runs students' code, as you: each
copy in a process of its own, with a time limit, in a temporary folder. The copies are only read.
"""

import ast
import contextlib
import html
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from gan_helpers import tables, threads
from gan_notebooks import marks, notebooks, processes
from gan_notebooks.collect import harmless
from gan_notebooks.errors import CourseError, shortened
from gan_notebooks.interrupts import held_back
from gan_notebooks.scratch import RunFolders

RESULTS = "results.jsonl"  # what the process writes, in the folder that its task names
COLUMNS = ["file", "lesson", "exercise", "result", "hint"]
START = 120  # seconds that a process may take to import torch, on a busy machine
POLL = 0.05  # seconds between two looks at a process
SIGNS = {"right": "✔", "not yet": "✘", "unsolved": "–", "failed": "!"}


class Exercise(NamedTuple):
    """An exercise of a lesson of the course."""

    id: str  # of its cell
    function: str  # that is to be written


class Lesson(NamedTuple):
    """What grading needs of a lesson of the course."""

    name: str
    title: str
    imports: str  # source
    exercises: list


def read_lesson(path):
    """The Lesson of the course in a notebook."""
    notebook = notebooks.read(path)
    lines = []
    exercises = []
    for cell in notebook.cells:
        if cell.cell_type != "code" or cell.get("id") == "setup":
            continue
        tree = ast.parse(cell.source)
        lines += [
            ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        if "exercise" in cell.metadata.get("tags", []):
            exercises.append(Exercise(cell.id, tree.body[0].name))
    return Lesson(Path(path).stem, notebooks.title(notebook), "\n".join(lines), exercises)


def source_of(exercise, notebook):
    """The source of an exercise's cell in a copy: by the cell's id, else the last that defines it.

    None where there is no such cell.
    """
    start = f"def {exercise.function}("
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    by_id = [cell.source for cell in cells if cell.get("id") == exercise.id]
    defining = [cell.source for cell in cells if start in cell.source]
    return next(iter(by_id + defining[::-1]), None)


def lesson_of(notebook, lessons):
    """The Lesson that a copy is one of: the one whose checks it calls. None where it is none's."""
    text = "\n".join(cell.source for cell in notebook.cells)
    title = notebooks.title(notebook)

    def likeness(lesson):
        names = [exercise.function for exercise in lesson.exercises]
        return sum(f"checks.{name}({name})" in text for name in names), title == lesson.title

    best = max(lessons, key=likeness)
    return best if any(likeness(best)) else None


def grade_copy(path, lessons, seconds):
    """(lesson's name, [(exercise's id, result, hint)]) of one copy.

    `seconds`: that each exercise may take. Raises CourseError and OSError where it is not readable.
    """
    notebook = notebooks.read(path)
    lesson = lesson_of(notebook, lessons)
    if lesson is None:
        raise CourseError("it is no copy of a lesson: it has no exercise's check cell")
    sources = {exercise: source_of(exercise, notebook) for exercise in lesson.exercises}
    verdicts = {
        exercise: ("failed", "the copy has no cell for it")
        for exercise, source in sources.items()
        if source is None
    }
    left = [exercise for exercise in lesson.exercises if exercise not in verdicts]
    while left:
        task = {
            "lesson": lesson.name,
            "imports": lesson.imports,
            "exercises": [
                {"function": exercise.function, "source": sources[exercise]} for exercise in left
            ],
        }
        results, cause = _run(task, seconds)
        for result in results:
            verdicts[left.pop(0)] = result["result"], shortened(result["hint"])
        if left:  # the next one hung, or ended the process
            verdicts[left.pop(0)] = "failed", cause
    rows = [(exercise.id, *verdicts[exercise]) for exercise in lesson.exercises]
    return lesson.name, rows


def _run(task, seconds):
    """Run a task in a process of its own. Returns its results (list) and why it gave no more."""
    with held_back() as interrupts:
        folders = RunFolders()
        path = Path(folders.path, RESULTS)
        try:
            with _process(folders) as process:
                line = json.dumps(task | {"folder": str(folders.path)})
                process.stdin.write(line.encode() + b"\n")
                process.stdin.flush()
                cause = _wait(process, path, seconds, interrupts)
                return _results(path), cause
        finally:
            processes.end(folders.path)
            folders.remove()
            interrupts.obey()  # before an error: the same signal may have ended the process


@contextlib.contextmanager
def _process(folders):
    """A process that grades what it is told by a line, in a group of its own; ended on leaving."""
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads.number()))
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_notebooks.grading"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folders.path,
        env=os.environ | limits | folders.environment,
        process_group=0 if processes.IS_POSIX else None,
    )
    try:
        yield process
    finally:
        processes.end_tree(process)


def _wait(process, path, seconds, interrupts):
    """Wait until a process ends, or gives no result in time. Returns the cause (str)."""
    deadline = time.monotonic() + START + seconds
    count = 0
    while process.poll() is None:
        if len(_results(path)) > count:
            count = len(_results(path))
            deadline = time.monotonic() + seconds
        if time.monotonic() > deadline:
            return f"it took longer than {seconds:g} seconds"
        interrupts.obey()
        time.sleep(POLL)
    return "it ended its process, perhaps for want of memory"


def _results(path):
    """The results that are written so far, as a list."""
    if not path.exists():
        return []
    whole_lines = path.read_text(encoding="utf8").rpartition("\n")[0]
    return [json.loads(line) for line in whole_lines.splitlines()]


def grade(folder, lessons, seconds):
    """Yield the rows (dict with COLUMNS) of all notebooks in `folder` and the folders in it."""
    copies = sorted(Path(folder).rglob("*.ipynb"))
    copies = [path for path in copies if ".ipynb_checkpoints" not in path.parts]
    if not copies:
        raise CourseError(f"there are no notebooks in {folder}")
    for path in tqdm(copies, desc="copies", ncols=100):
        name = str(path.relative_to(folder))
        try:
            lesson, verdicts = grade_copy(path, lessons, seconds)
        except (CourseError, OSError) as error:  # the others have their rows
            lesson, verdicts = "", [("", "failed", shortened(str(error)))]
        for verdict in verdicts:
            yield dict(zip(COLUMNS, (name, lesson, *verdict), strict=True))


def page(rows):
    """A page (HTML) of the rows: a table for each lesson, a line for each copy."""
    parts = []
    for lesson in sorted({row["lesson"] for row in rows}):
        of_lesson = [row for row in rows if row["lesson"] == lesson]
        parts.append(_table(lesson or "Copies that could not be read", of_lesson))
    legend = ", ".join(f"{sign} {result}" for result, sign in SIGNS.items())
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">{marks.REPORT}'
        "<title>Grades</title><style>body{font-family:sans-serif;margin:2rem}"
        "table{border-collapse:collapse;margin-bottom:2rem}caption{text-align:left}"
        "th,td{border:1px solid;padding:.2rem .6rem;text-align:left;vertical-align:top}"
        f"</style></head><body><h1>Grades</h1><p>{legend}</p>\n{body}\n</body></html>\n"
    )


def _table(title, rows):
    columns = sorted({row["exercise"] for row in rows}, key=lambda name: (len(name), name))
    cells = {(row["file"], row["exercise"]): row for row in rows}
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    lines = [f'<tr><th scope="col">copy</th>{head}</tr>']
    for file in dict.fromkeys(row["file"] for row in rows):
        line = "".join(_cell(cells.get((file, name))) for name in columns)
        lines.append(f'<tr><th scope="row">{html.escape(file)}</th>{line}</tr>')
    return (
        f"<table><caption><h2>{html.escape(title)}</h2></caption>\n" + "\n".join(lines) + "</table>"
    )


def _cell(row):
    if row is None:
        return "<td></td>"
    text = f"{SIGNS[row['result']]} {row['result']}"
    if row["hint"]:
        hint = html.escape(row["hint"]).replace("\n", "<br>")
        return f"<td><details><summary>{text}</summary>{hint}</details></td>"
    return f"<td>{text}</td>"


def _is_grades(path):
    """Is the file a table of grades? Its header tells."""
    with open(path, encoding="utf8", errors="replace") as file:
        return file.readline().strip() == ",".join(COLUMNS)


def grade_folder(options):
    """`gan-notebooks grade`. Returns True where every copy could be read and judged."""
    table = Path(options.output or Path(options.folder, "grades.csv"))
    report = table.with_suffix(".html")
    marks.refuse_foreign(table, _is_grades)
    marks.refuse_foreign(report)
    lessons = [read_lesson(path) for path in notebooks.lessons("", options.notebooks)]
    rows = []
    try:
        for row in grade(options.folder, lessons, options.timeout):
            rows.append(row)
    finally:  # what is graded is kept, also at Ctrl-C
        if rows:
            tables.write(table, [{key: harmless(row[key]) for key in COLUMNS} for row in rows])
            tables.replace(report, page(rows))
    counts = Counter(row["result"] for row in rows)
    summary = ", ".join(f"{counts[result]} {result}" for result in SIGNS)
    print(f"{len({row['file'] for row in rows})} copies: {summary}; in {table} and {report}")
    return not counts["failed"]


def add_parser(commands):
    """Add `grade` to the subparsers of the command line."""
    parser = commands.add_parser(
        "grade", help="grade students' copies of lessons; runs the code of their exercises"
    )
    parser.add_argument("folder", help="with the copies, under any names, in folders too")
    parser.add_argument("--output", help="CSV; default: grades.csv in the folder")
    parser.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="SECONDS",
        help="that one exercise may take; default: %(default)s",
    )
    parser.add_argument(
        "--notebooks",
        metavar="FOLDER",
        default=notebooks.NOTEBOOKS,
        help="folder of the course's lessons; default: %(default)s",
    )
    parser.set_defaults(do=grade_folder)
