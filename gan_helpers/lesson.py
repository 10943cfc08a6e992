"""What every lesson does once: print versions, check parameters, state claims, record results."""

import ast
import importlib.metadata
import platform
import sys
import time

from IPython import get_ipython
from IPython.display import display

from gan_helpers.parameters import ParameterError, check_parameters

VALUES = "application/vnd.adversarial-digits.values+json"
SEEDS_OF_A_CLAIM = 5
TIMINGS = "timings"  # in the output's metadata, which nbval does not compare


class Lesson:
    """One run of one notebook. `name` is the notebook's file name without the ending.

    Made in the setup cell, where it prints the versions in use and starts the clock.
    """

    def __init__(self, name):
        self.name = name
        self.values = {}
        self.claims = {}
        self.rows = {}
        self._start = time.perf_counter()
        self._execution = (
            None,
            0,
        )  # of the cell that claims: its execution count, its claims so far
        packages = ("torch", "torchvision", "matplotlib", "ipywidgets", "ipykernel")
        self.versions = {"python": platform.python_version(), **{p: _version(p) for p in packages}}
        print("  ".join(f"{package} {version}" for package, version in self.versions.items()))

    def parameters(self, namespace, **expected):
        """Check the lesson's parameters before any training. Call with `globals()` right after their cell.

        `expected` maps each UPPERCASE name to a type (`bool`, `str`), to `(int, low, high)` or
        `(float, low, high)`, both ends allowed, to a set of choices, or to a list of names of which the parameter
        may hold several, separated by semicolons, or "all" (`chosen` splits them). Raises ParameterError for a name
        that is not expected (with the nearest that is), also where papermill injected it, for a wrong type and for
        a value out of range.
        """
        # Single letters are nets and modules (G, D, F), not parameters.
        given = {
            name
            for name in namespace
            if name.isupper() and len(name) > 1 and not name.startswith("_")
        }
        for name in expected:
            if name not in namespace:
                raise ParameterError(f"{name} is missing: run the cell tagged `parameters` first")
        names = given | _injected_names(namespace) | expected.keys()
        check_parameters(self.name, {name: namespace[name] for name in names}, expected)
        self.values["parameters"] = {name: namespace[name] for name in expected}

    def claim(self, sentence, holds, kind="exact"):
        """Print `sentence` (numbers included) with ✔ or ✘ and record it.

        `kind` "exact": mathematics, true at every size and seed; `holds` is a bool. "measured": about quality, from
        the stored table; `holds` is a dict of seed to bool, and the claim holds only where all of five or more do.
        """
        if kind == "exact":
            holds, seeds = bool(holds), ""
        elif kind == "measured":
            if not isinstance(holds, dict):
                raise TypeError(
                    f"a measured claim needs a dict of seed to bool, got {type(holds).__name__}"
                )
            failed = sorted(seed for seed, held in holds.items() if not held)
            seeds = (
                f" [not on seed {', '.join(map(str, failed))}]"
                if failed
                else f" [{len(holds)} of {SEEDS_OF_A_CLAIM} seeds needed]"
                if len(holds) < SEEDS_OF_A_CLAIM
                else f" [{len(holds)} of {len(holds)} seeds]"
            )
            holds = not failed and len(holds) >= SEEDS_OF_A_CLAIM
        else:
            raise ValueError(f'kind must be "exact" or "measured", got {kind!r}')
        print(("✔ " if holds else "✘ ") + sentence + seeds)
        # A cell that is run again replaces its own claims instead of adding to them.
        shell = get_ipython()
        count, source = (shell.execution_count, shell.user_ns["In"][-1]) if shell else (None, "")
        number = self._execution[1] + 1 if self._execution[0] == count else 1
        self._execution = (count, number)
        self.claims[source, number] = {"sentence": sentence, "holds": holds, "kind": kind}

    def row(self, variant, step, history, *, average=None, cpu_seconds=None, **scores):
        """Keep one measurement for the table: `scores` (numbers, lists of numbers) of a run at `step`.

        `history` is the run's History from its first step on. Its losses are part of the fingerprint by
        which `make results` notices that a variant behaves differently now; `average`, the run's
        `training.EMA`, adds the sum of its weights and its decay. `cpu_seconds` of the training so far, where
        they were measured, are kept apart from the scores: a repeated run need not reproduce times.
        """
        if ";" in variant:
            raise ValueError(
                f"a variant's name must have no semicolon, which separates names, got {variant!r}"
            )
        weights = [] if average is None else [sum_of_weights(average), average.decay]
        fingerprint = {"losses": first_and_last_losses(history), "weights": weights}
        times = {"seconds": round(history.seconds, 1)}
        if cpu_seconds is not None:
            times["cpu_seconds"] = round(cpu_seconds, 2)
        row = {"variant": variant, "step": step, **scores, "fingerprint": fingerprint}
        self.rows[variant, step] = row, times

    def record(self, **scores):
        """End of the lesson: record parameters, claims and `scores` (numbers, strings, lists, dicts of them).

        They travel inside the executed notebook as an output that a repeated run must reproduce. Seconds, peak
        memory and versions stand in the metadata of a second output.
        """
        import torch  # here, since the command line reads this module too, and torch takes a second to import

        claims = list(self.claims.values())
        rows = [row for row, _times in self.rows.values()]
        self.values |= {"lesson": self.name, "scores": scores, "claims": claims, "rows": rows}
        held = sum(claim["holds"] for claim in claims)
        summary = [f"Recorded: {held} of {len(claims)} claims hold."] + [
            f"{k}: {v}" for k, v in scores.items()
        ]
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
    """The most memory this process has held, in bytes; None on Windows, which does not tell this way."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux kilobytes


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _injected_names(namespace):
    """The names that papermill assigned: it injects a cell that starts with `# Parameters`."""
    trees = [
        ast.parse(cell) for cell in namespace.get("In", []) if cell.startswith("# Parameters\n")
    ]
    return {
        target.id
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
