"""What every machine must compute alike, on CPUs that this one can act: `make test-long`."""

import platform

import pytest

from benchmarks import race
from gan_helpers import threads
from gan_notebooks import fingerprints, notebooks, staleness

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        platform.machine().lower() not in ("x86_64", "amd64"), reason="pretends to be an x86"
    ),
]

# torch, oneDNN and MKL each choose instructions of their own.
MACHINES = {
    "an old x86": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    },
    "AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
    "two threads": {"GAN_HELPERS_THREADS": "2"},
}


@pytest.fixture(params=MACHINES)
def machine(request, monkeypatch):
    if request.param == "two threads" and threads.usable_cores() < 2:
        pytest.skip("this process may use one core")
    for name, value in MACHINES[request.param].items():
        monkeypatch.setenv(name, value)
    fingerprints.yardstick.cache_clear()  # of the machine before
    yield request.param
    fingerprints.yardstick.cache_clear()


def test_it_is_another_machine(machine):
    own = fingerprints.in_float64("torch.backends.cpu", "get_cpu_capability")
    count = fingerprints.in_float64("torch", "get_num_threads")
    expected = {"an old x86": ("DEFAULT", 1), "AVX2": ("AVX2", 1), "two threads": (own, 2)}
    assert (own, count) == expected[machine]


def largest_difference(current, stored):
    """Of the numbers of two fingerprints, as a share of a number above 1."""
    pairs = [
        pair
        for part in fingerprints.PARTS
        for pair in zip(current[part], stored.get(part, []), strict=False)
    ]
    return max(abs(a - b) / max(1, abs(b)) for a, b in pairs if a == a)


def check(name, machine, current, defaults):
    """Are the fingerprints of a table those that are stored?"""
    stored = fingerprints.read(name)
    differences = [largest_difference(current[variant], stored[variant]) for variant in current]
    print(f"{name}, {machine}: largest difference {max(differences):.1e}")  # pytest -rP shows it
    answers = {
        variant: staleness.why_stale(stored[variant], current[variant], defaults)
        for variant in current
    }
    assert {variant: why for variant, why in answers.items() if why} == {}


@pytest.mark.parametrize("notebook", notebooks.lessons(), ids=lambda path: path.stem)
def test_a_lesson_has_the_stored_fingerprints(machine, notebook):
    current = fingerprints.of(fingerprints.run(notebook))
    check(notebook.stem, machine, current, staleness.defaults_of(notebook))


@pytest.mark.parametrize("table", race.TABLES)
def test_the_race_has_the_stored_fingerprints(machine, table):
    check(table, machine, fingerprints.in_float64("benchmarks.race", "fingerprints_of", table), {})


def test_the_full_run_has_the_stored_fingerprint(machine):
    current = fingerprints.in_float64("benchmarks.full_run", "fingerprint")
    check("03_full_run", machine, {"published code": current}, {})


@pytest.mark.parametrize("notebook", notebooks.lessons(), ids=lambda path: path.stem)
def test_what_a_variant_ignores_does_not_move_it(notebook):
    """And what it reads does: a lesson once for each parameter that some variant ignores."""
    stored = fingerprints.read(notebook.stem)
    ignored = {variant: set(row.get("ignores", "").split()) for variant, row in stored.items()}
    names = sorted(set().union(*ignored.values()))
    if not names:
        pytest.skip("every variant reads every parameter")
    current = fingerprints.of(fingerprints.run(notebook))
    read_by = fingerprints.reads(notebook, current, names)
    assert read_by == {variant: set(names) - ignored[variant] for variant in current}
