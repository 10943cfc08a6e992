"""Many runs of lessons: every combination of parameter values, several at a time, resumable, into one table."""

import hashlib
import itertools
import json
import multiprocessing.connection
import os
import sys
from pathlib import Path
from urllib.parse import quote

import nbformat
from tqdm import tqdm

from gan_helpers import tables
from gan_helpers.execution import INTERRUPTED, parameter_specs, read_record, size_parameters, start
from gan_helpers.lesson import ParameterError, check_parameters


def parse_settings(settings):
    """["SEED=0,1", "PUBLISHED=true"] as {"SEED": [0, 1], "PUBLISHED": [True]}."""
    parsed = {}
    for setting in settings:
        name, equals, values = setting.partition("=")
        if not equals or not values:
            raise ParameterError(f"--set takes NAME=value or NAME=value,value, got {setting!r}")
        if name in parsed:
            raise ParameterError(f"--set {name} is given twice: write --set {name}=value,value")
        parsed[name] = [_parse_value(value) for value in values.split(",")]
    return parsed


def _parse_value(text):
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)  # numbers, true and false
    except ValueError:
        return text


def plan(notebooks, grid, size="default"):
    """Every run of a sweep: {run id: (notebook, parameters)}. Raises ParameterError for a bad name or value.

    `grid`: dict of parameter to list of values; `size` gives the others.
    """
    runs = {}
    for notebook in notebooks:
        specs = parameter_specs(notebook)
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            parameters = size_parameters(notebook, size) | chosen
            check_parameters(notebook.stem, parameters, specs)
            name = ",".join([notebook.stem, *([size] if size != "default" else []),
                             *(f"{key}={quote(str(value), safe='')}" for key, value in chosen.items())])
            runs[name] = notebook, parameters
    return runs


def sweep(runs, folder, *, jobs=1):
    """Do what is missing of `runs` (from `plan`) in `folder`, `jobs` at a time. Returns {run id: status dict}.

    A run is executed into a partial notebook that takes its place at the end; its status file says "running",
    "done" or "failed" (with the error). A run is missing unless it is done with the code that the lesson has now.
    The first Ctrl-C stops all; what is done stays done.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    threads = max(1, (os.cpu_count() or 1) // jobs) if jobs > 1 else None
    hashes = {notebook: _code_hash(notebook) for notebook, _ in runs.values()}
    statuses, waiting, running = {}, [], {}
    for name, (notebook, _parameters) in runs.items():
        statuses[name] = read_status(folder, name)
        if statuses[name].get("status") != "done" or statuses[name].get("code") != hashes[notebook]:
            waiting.append(name)
    try:
        with tqdm(total=len(runs), initial=len(runs) - len(waiting), unit="run", ncols=100) as bar:
            while waiting or running:
                while waiting and len(running) < jobs:
                    name = waiting.pop(0)
                    notebook, parameters = runs[name]
                    statuses[name] = {"run": name, "lesson": notebook.stem, "parameters": parameters,
                                      "code": hashes[notebook], "status": "running"}
                    _write_status(folder, statuses[name])
                    running[name] = start(notebook, folder / f"{name}.part.ipynb", parameters, quiet=True,
                                          threads=threads)
                ready = multiprocessing.connection.wait([one.receiver for one in running.values()])
                for name in [name for name, one in running.items() if one.receiver in ready]:
                    record = running.pop(name).finish()
                    finished = "failed" if record["error"] else "done"
                    if finished == "done":
                        os.replace(folder / f"{name}.part.ipynb", folder / f"{name}.ipynb")
                    else:
                        tqdm.write(f"{name}: stopped in {record['error']}")
                    statuses[name] |= {"status": finished, "error": record["error"], "seconds": record["seconds"]}
                    _write_status(folder, statuses[name])
                    bar.update()
    except BaseException as interruption:
        for name, one in running.items():
            one.stop()
            statuses[name] |= {"status": "failed", "error": INTERRUPTED}
            _write_status(folder, statuses[name])
        if not isinstance(interruption, KeyboardInterrupt):
            raise
        print("stopped; start the same sweep again to do what is missing", file=sys.stderr)
    return statuses


def read_status(folder, name):
    """The status (dict) of a run in `folder`; {} where there is none or it cannot be read."""
    try:
        return json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}


def _write_status(folder, status):
    tables.replace(folder / f"{status['run']}.json", json.dumps(status, indent=1))


def _code_hash(notebook):
    """Of the code alone: a corrected sentence makes no run stale."""
    cells = nbformat.read(notebook, as_version=4).cells
    return hashlib.sha256("\0".join(cell.source for cell in cells if cell.cell_type == "code").encode()).hexdigest()


def collect(folder, output):
    """Write one table of all runs in `folder` to `output` (CSV): parameters, status, seconds, claims, scores."""
    rows = []
    for path in sorted(Path(folder).glob("*.json")):
        status = read_status(folder, path.stem)
        record = read_record(path.with_suffix(".ipynb"))
        claims = record.get("values", {}).get("claims", [])
        rows.append({"run": status.get("run", path.stem), "status": status.get("status", "unreadable"),
                     "seconds": status.get("seconds"), **status.get("parameters", {}),
                     "claims_held": sum(claim["holds"] for claim in claims), "claims": len(claims),
                     **_flat(record.get("values", {}).get("scores", {})), "error": status.get("error")})
    if not rows:
        raise SystemExit(f"there are no runs in {folder}: start them with `python -m gan_helpers.batch sweep`")
    tables.write(output, rows)
    return rows


def _flat(scores, prefix=""):
    """{"a": {"b": 1}} as {"a b": 1}: a column a number."""
    flat = {}
    for name, value in scores.items():
        flat |= _flat(value, f"{prefix}{name} ") if isinstance(value, dict) else {prefix + name: value}
    return flat
