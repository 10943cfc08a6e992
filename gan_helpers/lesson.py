"""What every lesson does once: print versions, check parameters, state claims, record results."""

import ast
import copy
import importlib.metadata
import importlib.util
import platform
import sys
import time

from IPython import get_ipython
from IPython.display import display

from gan_helpers import tables
from gan_helpers.parameters import ParameterError, check_parameters

VALUES = "application/vnd.adversarial-digits.values+json"
TIMINGS = "timings"  # in the output's metadata, which nbval does not compare
SEEDS_OF_A_CLAIM = 5
PACKAGES = ("torch", "torchvision", "matplotlib", "ipywidgets", "ipykernel")
# What lessons and this package import: a Python without one of them is not the course's.
MODULES = (*PACKAGES, "numpy", "PIL", "safetensors", "scipy", "tqdm", "traitlets")


class Lesson:
    """One run of one notebook. `name` is the notebook's file name without the ending.

    Made in the setup cell, where it prints the versions in use and starts the clock. What is to be
    recorded is handed over where it is made, and copied: a name that a later cell assigns anew,
    such as a reader's answer to an exercise, costs nothing. Raises ModuleNotFoundError where a
    lesson could not import what it needs.
    """

    def __init__(self, name):
        for module in MODULES:
            if importlib.util.find_spec(module) is None:
                raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        self.name = name
        self.values = {}
        self.scores = {}
        self.claims = {}  # {(code of a cell, number of the claim in it): claim}
        self.rows = {}  # {(variant, step): (row, times)}
        self._start = time.perf_counter()
        self._execution = None  # the execution count of the cell that claimed last
        self._claims_in_cell = 0
        self.versions = {"python": platform.python_version()}
        for package in PACKAGES:
            self.versions[package] = _version(package)
        print("  ".join(f"{package} {version}" for package, version in self.versions.items()))

    def parameters(self, namespace, **expected):
        """Check the lesson's parameters before any training.

        Call it with `globals()` right after their cell. `expected` maps each UPPERCASE name to what
        it may hold, in the grammar of `gan_helpers.parameters`. Raises ParameterError for a name
        that is not expected (with the nearest that is), also where papermill injected it, for a
        wrong type and for a value out of range.
        """
        for name in expected:
            if name not in namespace:
                raise ParameterError(f"{name} is missing: run the cell tagged `parameters` first")
        names = _parameter_names(namespace) | _injected_names(namespace) | expected.keys()
        check_parameters(self.name, {name: namespace[name] for name in names}, expected)
        self.values["parameters"] = copy.deepcopy({name: namespace[name] for name in expected})

    def claim(self, sentence, holds, kind="exact"):
        """Print `sentence` (numbers included) with ✔ or ✘ and record it.

        `kind` "exact": mathematics, true at every size and seed; `holds` is a bool. "measured":
        about quality, from the stored table; `holds` is a dict of seed to bool, and the claim holds
        only where all of five or more do. `measured` makes this dict.
        """
        if kind == "exact":
            verdict = bool(holds)
            note = ""
        elif kind == "measured":
            verdict, note = _judge_seeds(holds)
        else:
            raise ValueError(f'kind must be "exact" or "measured", got {kind!r}')
        mark = "✔" if verdict else "✘"
        print(f"{mark} {sentence}{note}")
        place = self._place_of_claim()
        self.claims[place] = {"sentence": sentence, "holds": verdict, "kind": kind}

    def measured(self, sentence, rows, variants, test, **fixed):
        """A claim of kind "measured" on the `rows` of a stored table, tested seed by seed.

        `variants`: a name or a list of names. `test` is called for each seed with one row (dict) of
        each of them, in this order, and says whether the claim holds there:

            lesson.measured("a cure reaches at least 8 of the 10 modes",
                            stored, "a cure", lambda cure: cure["modes"] >= 8)
            lesson.measured("clip 0.1 covers fewer real digits than clip 0.01",
                            stored, ["clip 0.1", "clip 0.01"],
                            lambda loose, tight: loose["coverage"] < tight["coverage"], at="steps")

        Only rows with the `fixed` values count. A seed for which a variant or a column is missing
        is not tested, and with fewer than five seeds the claim does not hold. Raises ValueError
        where a variant has several rows of a seed: fix one more column, such as step.
        """
        if isinstance(variants, str):
            variants = [variants]
        holds = {}
        missing = set()
        for seed, compared in tables.side_by_side(rows, variants, **fixed).items():
            try:
                holds[seed] = bool(test(*compared))
            except KeyError as error:
                missing.add(str(error))
        self.claim(sentence, holds, kind="measured")
        if missing:
            print(f"  The table lacks {', '.join(sorted(missing))}: `make results` measures it.")

    def _place_of_claim(self):
        """What a claim is kept under: (the code of the running cell, its number in that cell).

        So a cell that is run again replaces its own claims instead of adding to them.
        """
        shell = get_ipython()
        execution = shell.execution_count if shell else None
        code = shell.user_ns["In"][-1] if shell else ""
        if execution != self._execution:
            self._execution = execution
            self._claims_in_cell = 0
        self._claims_in_cell += 1
        return code, self._claims_in_cell

    def row(self, variant, step, history, *, average=None, cpu_seconds=None, **scores):
        """Keep one measurement for the table: the `scores` of a run at `step`.

        `scores` are numbers and lists of numbers.
        `history` is the run's History from its first step on. Its losses are part of the
        fingerprint by which `make results` notices that a variant behaves differently now;
        `average`, the run's `training.EMA`, adds the sum of its weights and its decay.
        `cpu_seconds` of the training so far, where they were measured, are kept apart from the
        scores: a repeated run need not reproduce times. Raises ValueError for a variant with a
        semicolon in its name.
        """
        if ";" in variant:
            raise ValueError(
                f"a variant's name must have no semicolon, which separates names, got {variant!r}"
            )
        weights = []
        if average is not None:
            weights = [sum_of_weights(average), average.decay]
        fingerprint = {"losses": first_and_last_losses(history), "weights": weights}
        times = {"seconds": round(history.seconds, 1)}
        if cpu_seconds is not None:
            times["cpu_seconds"] = round(cpu_seconds, 2)
        row = {"variant": variant, "step": step, **scores, "fingerprint": fingerprint}
        self.rows[variant, step] = copy.deepcopy(row), times

    def score(self, **scores):
        """Keep scores for the record: numbers, strings, and lists and dicts of them.

        A name that was there before, as when a cell is run again, gets its new value.
        """
        self.scores |= copy.deepcopy(scores)

    def record(self):
        """End of the lesson: record parameters, claims, rows and scores.

        All travels inside the executed notebook, as an output that a repeated run must reproduce.
        Seconds, peak memory and versions stand in the metadata of a second output.
        """
        # Here, since the command line reads this module too, and torch takes a second to import.
        import torch

        claims = list(self.claims.values())
        rows = [row for row, _times in self.rows.values()]
        self.values |= {"lesson": self.name, "scores": self.scores, "claims": claims, "rows": rows}
        held = sum(claim["holds"] for claim in claims)
        summary = [f"Recorded: {held} of {len(claims)} claims hold."]
        summary += [f"{name}: {score}" for name, score in self.scores.items()]
        display({VALUES: self.values, "text/plain": "\n".join(summary)}, raw=True)
        timings = {
            "row_times": [times for _row, times in self.rows.values()],
            "seconds": time.perf_counter() - self._start,
            "versions": self.versions,
            "threads": torch.get_num_threads(),
            "peak_bytes": _peak_bytes(),
        }
        display(
            {"text/plain": "Seconds, memory and versions: in this output's metadata."},
            raw=True,
            metadata={TIMINGS: timings},
        )


def first_and_last_losses(history, first=5):
    """The `first` losses of each series of a History, then its last one: list of float."""
    losses = []
    for name in sorted(history.values):
        if name.endswith("loss"):
            losses += [*history[name][:first], history[name][-1]]
    return losses


def sum_of_weights(net):
    """The sum (float) over all weights of a net."""
    return sum(parameter.detach().double().sum().item() for parameter in net.parameters())


def _peak_bytes():
    """The most memory this process has held, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux kilobytes


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _judge_seeds(holds):
    """What seeds say of a claim: (does it hold on all of five or more, a note for the reader)."""
    if not isinstance(holds, dict):
        raise TypeError(
            f"a measured claim needs a dict of seed to bool, got {type(holds).__name__}"
        )
    failed = sorted(seed for seed, held in holds.items() if not held)
    if failed:
        return False, f" [not on seed {', '.join(map(str, failed))}]"
    if len(holds) < SEEDS_OF_A_CLAIM:
        return False, f" [{len(holds)} of {SEEDS_OF_A_CLAIM} seeds needed]"
    return True, f" [{len(holds)} of {len(holds)} seeds]"


def _parameter_names(namespace):
    """The names (set) in `namespace` that are written as parameters are, in capitals."""
    names = set()
    for name in namespace:
        is_letter = len(name) == 1  # nets and modules: G, D, F
        if name.isupper() and not is_letter and not name.startswith("_"):
            names.add(name)
    return names


def _injected_names(namespace):
    """The names (set) that papermill assigned, in a cell that starts with `# Parameters`."""
    names = set()
    for cell in namespace.get("In", []):
        if not cell.startswith("# Parameters\n"):
            continue
        for node in ast.parse(cell).body:
            if isinstance(node, ast.Assign):
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names
