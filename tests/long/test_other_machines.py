"""What every machine must compute alike, on CPUs that this one can act: `make test-long`."""

import platform
import subprocess
import sys

import pytest

from gan_helpers import execution, fingerprints, results, tables

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
    for name, value in MACHINES[request.param].items():
        monkeypatch.setenv(name, value)
    fingerprints.yardstick.cache_clear()  # of the machine before
    yield request.param
    fingerprints.yardstick.cache_clear()


def test_it_is_another_machine(machine):
    code = (
        "import torch; from gan_helpers import training; training.setup(0); "
        "print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {
        "an old x86": found[0] == "DEFAULT",
        "AVX2": found[0] == "AVX2",
        "two threads": found[1] == "2",
    }[machine]


def differences(current, stored):
    """The largest difference of each part, as a share of a number above 1."""
    return {
        part: max(
            (
                abs(a - b) / max(1, abs(b))
                for a, b in zip(current[part], stored.get(part, []), strict=True)
                if a == a
            ),
            default=0.0,
        )
        for part in fingerprints.PARTS
    }


@pytest.mark.parametrize("notebook", execution.lessons(), ids=lambda path: path.stem)
def test_a_lesson_has_the_stored_fingerprints(machine, notebook):
    stored, record = fingerprints.read(notebook.stem), fingerprints.run(notebook)
    current = fingerprints.of(record)
    largest = {variant: differences(current[variant], stored[variant]) for variant in current}
    print(
        f"{notebook.stem}, {machine}: largest difference "
        f"{max(max(parts.values()) for parts in largest.values()):.1e}"
    )  # pytest -rP shows it
    assert (
        results.stale(
            tables.read(notebook.stem),
            stored,
            current,
            results.defaults_of(notebook),
            results.seeds_of(record),
        )
        == {}
    ), largest
