"""threads.py: one thread, or what the variable says, and never more than the process may use."""

import os
import subprocess
import sys

import pytest
import torch

from benchmarks import race, thread_speed
from gan_helpers import threads, training
from gan_helpers.parameters import ParameterError


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A function that pretends: `cores` to be bound to, and the files of control groups.

    `own`: the lines of /proc/self/cgroup; `files`: path below /sys/fs/cgroup to text.
    """

    def system(cores, own="0::/", files=()):
        (tmp_path / "own").write_text(own + "\n")
        for name, text in dict(files).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(threads, "OWN_CGROUPS", tmp_path / "own")
        monkeypatch.setattr(threads, "CGROUPS", tmp_path)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)

    return system


def test_one_thread_unless_the_variable_says_otherwise(system, monkeypatch):
    system(cores=6)
    monkeypatch.delenv(threads.VARIABLE)
    assert threads.number() == 1
    assert threads.number(default=2) == 2
    monkeypatch.setenv(threads.VARIABLE, "")
    assert threads.number() == 1, "empty is unset"
    monkeypatch.setenv(threads.VARIABLE, "4")
    assert threads.number() == threads.number(default=2) == 4
    monkeypatch.setenv(threads.VARIABLE, "64")
    assert threads.number() == 6


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", " 2", "٢"])
def test_a_bad_number_is_refused_with_cause_and_cure(text, monkeypatch):
    monkeypatch.setenv(threads.VARIABLE, text)
    with pytest.raises(ParameterError, match="GAN_HELPERS_THREADS must be a whole") as caught:
        training.setup(0)
    assert repr(text) in str(caught.value) and "unset it" in str(caught.value)


def test_the_command_line_says_so_without_a_traceback(monkeypatch, tmp_path):
    monkeypatch.setenv(threads.VARIABLE, "two")
    command = ["gan_notebooks", "run", "--lesson", "00", "--output", tmp_path]
    result = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    assert result.returncode == 2
    assert "GAN_HELPERS_THREADS must be a whole number" in result.stderr
    assert "Traceback" not in result.stderr


def version_1(quota, period):
    return {"cpu/cpu.cfs_quota_us": str(quota), "cpu/cpu.cfs_period_us": str(period)}


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/", {}, 8),
        ("0::/", {"cpu.max": "max 100000"}, 8),
        ("0::/", {"cpu.max": "300000 100000"}, 3),
        ("0::/", {"cpu.max": "150000 100000"}, 2),  # rounded up
        ("0::/", {"cpu.max": "10000 100000"}, 1),
        ("0::/", {"cpu.max": "900000 100000"}, 8),  # more than there are
        # A group within a group: the outer one has the limit.
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2),
        ("0::/a", {"cpu.max": "500000 100000", "a/cpu.max": "200000 100000"}, 2),
        ("0::/", {"cpu.max": "nonsense"}, 8),
        ("3:cpuset:/\n2:cpu,cpuacct:/", version_1(250000, 100000), 3),
        ("2:cpu,cpuacct:/", version_1(-1, 100000), 8),
        ("1:cpu:/docker/1a2b", version_1(50000, 25000), 2),  # in a container: the host's path
    ],
)
def test_a_container_has_a_part_of_the_cores(own, files, cores, system):
    system(8, own, files)
    assert threads.usable_cores() == cores


def test_where_there_are_no_control_groups_and_no_binding_all_cores_count(system, monkeypatch):
    system(cores=8)
    monkeypatch.setattr(threads, "OWN_CGROUPS", threads.OWN_CGROUPS / "none")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert threads.usable_cores() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads.usable_cores() == 1


def test_setup_gives_torch_the_threads(system, monkeypatch):
    system(cores=3)
    before = torch.get_num_threads()
    assert before == 1, "conftest.py sets it for all tests"
    try:
        monkeypatch.setenv(threads.VARIABLE, "3")
        training.setup(0)
        assert torch.get_num_threads() == 3
        monkeypatch.delenv(threads.VARIABLE)
        training.setup(0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_command_line_needs_no_torch():
    code = (
        "import sys; from gan_helpers import parameters, threads; from gan_notebooks import cli; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_grammar_of_parameters_needs_no_ipython():
    code = (
        "import sys; from gan_helpers import parameters; "
        "sys.exit(bool({'IPython', 'torch'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_race_takes_two_threads_unless_the_variable_says_otherwise(system, monkeypatch):
    system(cores=6)
    before = torch.get_num_threads()
    try:
        for variable, expected in ("", 2), ("1", 1), ("3", 3):
            monkeypatch.setenv(threads.VARIABLE, variable)
            race.prepare(race.KEPT, seed=0)
            assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(before)


def test_what_the_bench_measures_has_the_threads_and_the_policy_that_it_names(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")  # ours must not reach it
    policies = [
        thread_speed.environment(variables).get("OMP_WAIT_POLICY")
        for variables in thread_speed.VARIANTS.values()
    ]
    assert policies == [None, None, "PASSIVE"]
    *_, passive = thread_speed.VARIANTS.values()
    speeds = thread_speed.fresh_speeds(passive, seconds=0.01)
    assert speeds["threads"] == min(2, threads.usable_cores())
    assert speeds["policy"] == "PASSIVE"
    assert all(speeds[pair] > 0 for pair in thread_speed.PAIRS)


def test_the_busy_neighbour_ends():
    with thread_speed.busy_neighbour() as process:
        assert process.poll() is None
    assert process.poll() is not None


def test_the_bench_says_that_it_needs_two_cores(system, capsys, monkeypatch):
    pytest.importorskip("resource", reason="not on Windows")
    from benchmarks import __main__ as benches

    system(cores=1)
    monkeypatch.setattr(thread_speed, "fresh_speeds", None)
    benches.bench_threads()
    assert "it needs two CPU cores" in capsys.readouterr().out
