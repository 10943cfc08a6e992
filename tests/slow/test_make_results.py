"""`make results` as a whole, with real kernels; tests/unit/test_results.py has its parts."""

import pytest
import torch

from gan_helpers import tables
from gan_notebooks import fingerprints, results
from tests.small_notebooks import write_notebook

pytestmark = pytest.mark.slow

SETUP = "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_small')"
PARAMETERS = """SEED: int = 0  # seed
STEPS: int = 6  # steps
RATE: float = 0.5  # learning rate of the variant fast
TABLE: str = ''  # variants"""
CHECK = """lesson.parameters(globals(), SEED=(int, 0, 9), STEPS=(int, 1, 100), RATE=(float, 0, 1),
                  TABLE=["slow", "fast"])"""
TRAIN = """
import torch
from gan_helpers import training
from gan_helpers.parameters import chosen
for variant in chosen(TABLE, ["slow", "fast"]):
    training.setup(SEED)
    net = torch.nn.Linear(3, 1)
    average = training.EMA(net)
    optimiser = torch.optim.SGD(net.parameters(), RATE if variant == "fast" else 0.1)

    def step(images, labels):
        loss = net(images).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.update_parameters(net)
        return {"d_loss": loss.item()}

    history = training.fit(step, [(torch.randn(4, 3), None)], steps=STEPS)
    lesson.row(variant, STEPS, history, average=average, bits=torch.finfo(net.weight.dtype).bits)
"""


def test_rows_in_float32_rest_on_fingerprints_in_float64(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "tables")
    cells = (SETUP, PARAMETERS, CHECK, TRAIN, "lesson.record()")
    lesson = tmp_path / "07_small.ipynb"
    write_notebook(lesson, *cells, parameters=1, sizes={"smoke": {"STEPS": 2}})
    for expected in ("to be made: slow (seeds 0, 1, 2, 3, 4: no fingerprint", "to be made: none"):
        assert results.make(lesson, jobs=2, folder=tmp_path / "work")
        assert expected in capsys.readouterr().out
    rows = tables.read("07_small")
    stored = fingerprints.read("07_small")
    assert [row["seed"] for row in rows] == [*range(5), *range(5)]
    assert {row["bits"] for row in rows} == {32}
    assert stored["slow"]["measured"] == [64, 2] and len(stored["slow"]["losses"]) == 3
    assert stored["slow"]["settings"] == '{"STEPS": 6}' and stored["slow"]["ignores"] == "RATE"
    assert stored["fast"]["settings"] == '{"STEPS": 6, "RATE": 0.5}'
    assert stored["slow"]["weights"][1] == 0.999
    assert stored["slow"]["weights"] != stored["fast"]["weights"]
    # The losses worked out here, in float64 and without the lesson.
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = torch.nn.Linear(3, 1, dtype=torch.float64)
        images = torch.randn(4, 3, dtype=torch.float64)
    loss = net(images).square().mean()
    assert stored["slow"]["losses"][0] == pytest.approx(loss.item(), abs=1e-12)
    assert stored["slow"]["losses"][1:] == [stored["slow"]["losses"][1]] * 2, (
        "two steps; the last stands twice"
    )
    assert stored["slow"]["losses"][1] < stored["slow"]["losses"][0]
