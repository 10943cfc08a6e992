"""checkpoint.py: a resumed run equals an uninterrupted one.

Whatever goes wrong, the earlier file stays whole.
"""

import io
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import checkpoint
from gan_helpers import data, losses, training

ROOT = Path(__file__).parents[2]
IMAGES = torch.randint(
    0, 256, (50, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.arange(50) % 10


class Run:
    """A small GAN run with everything that a checkpoint has to hold.

    It also uses the random numbers of NumPy and of Python.
    """

    def __init__(self, seed=0):
        training.setup(seed)
        self.G = nn.Sequential(
            nn.Linear(3, 8),
            nn.BatchNorm1d(8),
            nn.Linear(8, 16),
            nn.Tanh(),
            nn.Unflatten(1, (1, 4, 4)),
        )
        self.D = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16, 8),
            nn.Dropout(),
            nn.LeakyReLU(),
            nn.Linear(8, 1),
            nn.Flatten(0),
        )
        self.opt_G = torch.optim.Adam(self.G.parameters(), 1e-2, fused=True)
        self.opt_D = torch.optim.Adam(self.D.parameters(), 1e-2, fused=True)
        self.ema = training.EMA(self.G)
        self.noise = torch.Generator().manual_seed(seed)
        shuffle = torch.Generator().manual_seed(seed)
        self.batches = data.batches(IMAGES, LABELS, 16, generator=shuffle)
        self.history = training.History()
        self.parts = {name: part for name, part in vars(self).items() if name != "parts"}

    def step(self, real, labels):
        real = real * random.uniform(0.9, 1) * np.random.uniform(0.9, 1)
        z = torch.randn(len(real), 3, generator=self.noise)
        metrics = training.discriminator_step(self.G, self.D, self.opt_D, real, z, losses.bce())
        metrics |= training.generator_step(
            self.G, self.D, self.opt_G, torch.randn(len(real), 3), losses.bce()
        )
        self.ema.update_parameters(self.G)
        return metrics

    def train(self, steps):
        for _ in training.training_loop(self.step, self.batches, self.history, steps=steps):
            pass

    def fingerprint(self):
        """Every weight, buffer and averaged weight, bit for bit, and the losses so far."""
        tensors = [
            *self.G.state_dict().values(),
            *self.D.state_dict().values(),
            *self.ema.state_dict().values(),
        ]
        return [tensor.tolist() for tensor in tensors], self.history.values


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = Run()
    whole.train(11)

    first = Run()
    first.train(6)  # in the middle of the second pass over the data
    checkpoint.save(tmp_path / "run.pt", first.parts)

    second = Run(seed=99)
    second.train(1)
    checkpoint.load(tmp_path / "run.pt", second.parts)
    second.train(5)
    assert second.fingerprint() == whole.fingerprint()
    assert second.history.step == 11


@pytest.mark.parametrize("left_out", ["ema", "noise", "batches", "opt_D", "opt_G"])
def test_every_part_counts(tmp_path, left_out):
    """Without this part the resumed run differs: the test above would notice if it were lost."""
    whole = Run()
    whole.train(11)
    whole_fingerprint = whole.fingerprint()
    first = Run()
    first.train(6)
    del first.parts[left_out]
    checkpoint.save(tmp_path / "run.pt", first.parts)
    second = Run(seed=99)
    del second.parts[left_out]
    checkpoint.load(tmp_path / "run.pt", second.parts)
    second.train(5)
    assert second.fingerprint() != whole_fingerprint


@pytest.fixture
def saved(tmp_path):
    run = Run()
    run.train(2)
    checkpoint.save(tmp_path / "run.pt", run.parts)
    return tmp_path / "run.pt"


def test_a_truncated_file_is_named(saved):
    saved.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(checkpoint.CheckpointError, match=r"run\.pt is damaged.*older copy"):
        checkpoint.load(saved, Run().parts)


def test_a_file_of_something_else_is_named(tmp_path):
    torch.save({"weights": torch.ones(1)}, tmp_path / "run.pt")
    with pytest.raises(checkpoint.CheckpointError, match="not a checkpoint"):
        checkpoint.load(tmp_path / "run.pt", Run().parts)


def test_a_file_with_code_in_it_is_not_executed(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was executed"),)

    torch.save({"parts": Evil(), "random": {}}, tmp_path / "run.pt")
    with pytest.raises(checkpoint.CheckpointError):
        checkpoint.load(tmp_path / "run.pt", {})
    assert not (tmp_path / "was executed").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(checkpoint.CheckpointError, match="there is no checkpoint"):
        checkpoint.load(tmp_path / "run.pt", {})


def test_a_folder_in_its_place_is_named_without_advice_to_delete(tmp_path):
    with pytest.raises(checkpoint.CheckpointError, match="cannot be read") as error:
        checkpoint.load(tmp_path, Run().parts)
    assert "delete" not in str(error.value)


def test_a_save_leaves_one_file_readable_by_others(saved):
    assert [path.name for path in saved.parent.iterdir()] == ["run.pt"]
    if os.name != "nt":
        umask = os.umask(0)
        os.umask(umask)
        assert saved.stat().st_mode & 0o777 == 0o666 & ~umask


def test_other_parts_are_named_and_nothing_is_changed(saved):
    run = Run(seed=5)
    before = run.fingerprint()
    parts = dict(run.parts)
    parts["critic"] = parts.pop("D")
    with pytest.raises(checkpoint.CheckpointError, match="'D'.*'critic'.*same names"):
        checkpoint.load(saved, parts)
    assert run.fingerprint() == before


def test_a_net_of_another_size_is_named(saved):
    parts = Run().parts | {"D": nn.Linear(2, 1)}
    with pytest.raises(checkpoint.CheckpointError, match="part 'D' of"):
        checkpoint.load(saved, parts)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(checkpoint.CheckpointError, match="nothing was written"):
        checkpoint.save(tmp_path / "no such folder" / "run.pt", {})


@pytest.mark.skipif(os.name == "nt", reason="no limit on file sizes there")
def test_a_full_disk_leaves_the_earlier_file(tmp_path):
    """The system refuses to write more than 100 kB, as a full disk would."""
    code = textwrap.dedent("""
        import resource, sys, torch
        from benchmarks import checkpoint
        path = sys.argv[1]
        small = torch.nn.Linear(2, 2)
        large = torch.nn.Linear(500, 500)
        checkpoint.save(path, {"net": small})
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            checkpoint.save(path, {"net": large})
        except checkpoint.CheckpointError as error:
            print(error)
        checkpoint.load(path, {"net": small})
        print("loaded")
    """)
    command = [sys.executable, "-c", code, tmp_path / "run.pt"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    for words in ("cannot write", "is untouched", "loaded"):
        assert words in result.stdout, result
    names = [path.name for path in tmp_path.iterdir()]
    assert names == ["run.pt"], "a half-written file stays behind"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts a process a moment: slow without fork")
def test_killed_at_moments_all_over_a_save(tmp_path):
    """Whenever SIGKILL comes, the file loads, and the run goes on as the uninterrupted one."""
    code = textwrap.dedent(f"""
        import importlib.util, pathlib, sys
        spec = importlib.util.spec_from_file_location("test_checkpoint", {__file__!r})
        module = importlib.util.module_from_spec(spec)
        sys.modules["test_checkpoint"] = module
        spec.loader.exec_module(module)
        module.kill_all_over_a_save(pathlib.Path(sys.argv[1]))
    """)
    # In a fresh process with one thread: once torch has started its threads, none must fork.
    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "killed at " in result.stdout


def kill_all_over_a_save(folder):
    torch.set_num_threads(1)
    context = multiprocessing.get_context("fork")
    path = folder / "run.pt"
    earlier = folder / "earlier.pt"
    later = folder / "later.pt"
    run = Run()
    run.train(1)
    checkpoint.save(earlier, run.parts)
    run.train(1)
    checkpoint.save(later, run.parts)
    pipe, end = context.Pipe(duplex=False)
    child = context.Process(target=save_until, args=(path, later, run.parts, None, end))
    child.start()
    end.close()  # so that a child that fails ends the waiting
    moments = pipe.recv()
    child.join()
    assert moments[0] == "open"
    assert moments.count("write") > 10, "torch writes in pieces"
    assert moments[-3:] == ["written", "on the disk", "replaced"]
    whole = Run()
    fingerprints = []
    for _ in range(5):
        whole.train(1)
        fingerprints.append(state_of(whole))
    # torch writes some hundred pieces: a kill in every tenth, and at each of the other moments.
    writes = [number for number, name in enumerate(moments) if name == "write"]
    kills = sorted({0, *writes[::10], *range(writes[-1], len(moments))})
    for number in kills:
        name = moments[number]
        shutil.copy(earlier, path)
        child = context.Process(target=save_until, args=(path, later, run.parts, number))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL, f"{name}, {number}: not killed"

        other = Run(seed=number + 1)
        checkpoint.load(path, other.parts)
        step = 2 if name == "replaced" else 1
        expected = fingerprints[step - 1]
        assert state_of(other) == expected, f"{name}, {number}: not as after step {step}"
        other.train(3)
        assert state_of(other) == fingerprints[step + 2], f"{name}, {number}: goes on differently"
    print(f"killed at {len(kills)} of {len(moments)} moments")


def save_until(path, later, parts, last, told=None):
    """Save to `path` what `later` holds. At the moment of number `last` this process kills itself.

    `told`: a connection that gets the names of all moments.
    """
    moments = []

    def reach(name):
        if len(moments) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        moments.append(name)

    class File(io.FileIO):
        """What is written is on its way to the disk at once, and in two halves."""

        def write(self, content):
            content = bytes(content)
            super().write(content[: len(content) // 2])
            reach("write")
            super().write(content[len(content) // 2 :])
            return len(content)

    def open_file(path, mode):
        reach("open")
        return File(path, mode)

    fsync = os.fsync
    replace = os.replace

    def announced_fsync(descriptor):
        reach("written")
        fsync(descriptor)

    def announced_replace(source, target):
        reach("on the disk")
        replace(source, target)
        reach("replaced")

    checkpoint.load(later, parts)  # in this process: a fork seeds Python's random numbers anew
    checkpoint.open = open_file
    os.fsync = announced_fsync
    os.replace = announced_replace
    checkpoint.save(path, parts)
    if told:
        told.send(moments)


def state_of(run):
    """The fingerprint and random states, as a string: what is kept cannot change with the run."""
    noise = run.noise.get_state().sum().item()
    return repr((run.fingerprint(), noise, run.batches.position))
