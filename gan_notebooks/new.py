"""Make a lesson with all that the tests ask of one: `gan-notebooks new 11 "A title"`.

The template in gan_notebooks/template/ is a lesson that runs: a small GAN in two variants, an
exercise with its check, a claim. Its author replaces it piece by piece.
"""

import re
import unicodedata
from pathlib import Path

import nbformat

from gan_helpers import tables
from gan_notebooks import files, notebooks, repository
from gan_notebooks.errors import CourseError

TEMPLATE = Path(__file__).with_name("template")
MUTANTS = "tests/notebooks/mutants.py"
RIGHT = "tests/notebooks/right_answers.py"
BLOCKS = "tests/notebooks/stumbling_blocks.csv"
WORD = re.compile("NUMBER|NAME|TITLE|ADDRESS|SITE")  # what is filled in
LONGEST_TITLE = 60  # characters: it stands in one line of a docstring
LONGEST_NAME = 32
TITLE = re.compile(r"[\w ,.:;?!()'’…+−–-]+")  # it goes into Markdown, Python and JSON as it is
ROW_OF_LESSON = re.compile(r"^\| (\d\d) \| \[.*\n", re.MULTILINE)
ROW = (
    "| NUMBER | [TITLE](notebooks/NAME.ipynb) | … | 1 | [page](SITE/NAME.html) · "
    "[Colab](https://colab.research.google.com/github/ADDRESS/blob/main/notebooks/NAME.ipynb) "
    "· [Binder](https://mybinder.org/v2/gh/ADDRESS/main?urlpath=lab/tree/notebooks/NAME.ipynb) "
    "|\n"
)
BLOCK = "a sum over the batch in lesson NUMBER,NUMBER,sum-in-place-of-mean,shown,sum_of_losses\n"


def name_of(number, title):
    """A lesson's file name (str) without its ending: "11", "Größe zählt" -> "11_grosse_zahlt"."""
    letters = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore")
    words = re.findall(r"[a-z0-9]+", letters.decode().lower())
    return "_".join([number, *words])[:LONGEST_NAME].rstrip("_")


def new_files(number, title, root):
    """What a new lesson adds to the checkout in the folder `root`: {path: its whole text}.

    `number`: two digits (str). Raises CourseError where the lesson exists, where number or title
    are none, and where `root` is no checkout of the course.
    """
    root = Path(root)
    name = name_of(number, title)
    checks = f"gan_helpers/checks/lesson_{number}.py"
    _refuse_words(number, title, name)
    texts = _texts_that_grow(root)
    for path in [*(root / "notebooks").glob(f"{number}_*"), root / checks]:
        if path.exists():
            raise CourseError(f"there is a lesson {number} already, {path}: take another number")
    address = repository.address(root)
    words = {"NUMBER": number, "NAME": name, "TITLE": title, "ADDRESS": address}
    words["SITE"] = repository.site(address)

    def filled(text):
        return WORD.sub(lambda match: words[match[0]], text)

    def part(file_name):
        return filled((TEMPLATE / file_name).read_text(encoding="utf8"))

    notebook = notebooks.read(TEMPLATE / "lesson.ipynb")
    for cell in notebook.cells:
        cell.source = filled(cell.source)
    texts[f"notebooks/{name}.ipynb"] = nbformat.writes(notebook) + "\n"
    texts[checks] = part("checks.txt")
    texts[MUTANTS] += part("mutants.txt")
    texts[RIGHT] += part("right_answers.txt")
    texts[BLOCKS] += filled(BLOCK)
    texts["README.md"] = _with_row(texts["README.md"], number, filled(ROW))
    return {root / path: text for path, text in texts.items()}


def _refuse_words(number, title, name):
    """Raise CourseError where a lesson can have no such number or title."""
    if not re.fullmatch("[0-9]{2}", number):
        raise CourseError(f"the number must be two digits, such as 11, got {number!r}")
    if not TITLE.fullmatch(title) or len(title) > LONGEST_TITLE or name == number:
        raise CourseError(
            f"the title must have letters, at most {LONGEST_TITLE} characters and no Markdown or "
            f"quotes, got {title!r}"
        )


def _texts_that_grow(root):
    """{path below `root`: text} of the files to which a lesson adds something."""
    texts = {}
    for path in ("README.md", MUTANTS, RIGHT, BLOCKS):
        if not (root / path).exists():
            raise CourseError(
                f"{root} is no checkout of the course, it lacks {path}: change to the folder of one"
            )
        texts[path] = files.read_text(root / path, notebooks.LARGEST_NOTEBOOK)
    return texts


def _with_row(readme, number, row):
    """README's text with a row more in the table of lessons, by their numbers."""
    before = [match for match in ROW_OF_LESSON.finditer(readme) if match[1] < number]
    if not before:
        raise CourseError("README.md has no table of lessons whose rows begin with | NN | [Title]")
    place = before[-1].end()
    return readme[:place] + row + readme[place:]


def make_lesson(options):
    """`gan-notebooks new`. Returns True."""
    root = Path(notebooks.NOTEBOOKS).absolute().parent
    for path, text in new_files(options.number, options.title, root).items():
        tables.replace(path, text)
        print(path.relative_to(root))
    print(
        f"Next, in this order: make results LESSON={options.number}, "
        f"make notebooks LESSON={options.number}, make test. CONTRIBUTING.md says what to replace."
    )
    return True


def add_parser(commands):
    """Add `new` to the subparsers of the command line."""
    parser = commands.add_parser("new", help="make a lesson, for its author to fill")
    parser.add_argument("number", help="two digits that no lesson has")
    parser.add_argument("title")
    parser.set_defaults(do=make_lesson)
