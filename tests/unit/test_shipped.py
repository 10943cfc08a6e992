"""shipped.py: weights and archives are those that were shipped, or one error says what is wrong."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmarks import race
from gan_helpers import data, judges, metrics, networks, shipped

LOADERS = {
    "judge.safetensors": judges.load,
    "second_judge.safetensors": lambda: judges.load("second_judge"),
    "generator.safetensors": networks.trained_generator,
    "generator_conditional.safetensors": lambda: networks.trained_generator(conditional=True),
    "floors.json": lambda: metrics.floor(metrics.FLOOR_COUNT),
    "t10k-labels-idx1-ubyte.gz": lambda: data.mnist("test"),
}


@pytest.fixture
def assets(tmp_path, monkeypatch):
    """A copy of the weights, their table and the test digits, which the modules read."""
    folder = tmp_path / "assets"
    folder.mkdir()
    listed = [*shipped.ASSETS.glob("*.safetensors"), metrics.FLOORS]
    for path in [shipped.ASSETS / shipped.SUMS, *listed]:
        shutil.copyfile(path, folder / path.name)
    for path in data.RAW.glob("t10k-*"):
        shutil.copyfile(path, folder / path.name)
    for module in (judges, networks):
        monkeypatch.setattr(module, "ASSETS", folder)
    monkeypatch.setattr(data, "RAW", folder)
    monkeypatch.setattr(metrics, "FLOORS", folder / metrics.FLOORS.name)
    for cached in (judges.load, metrics.floor):
        cached.cache_clear()
    yield folder
    for cached in (judges.load, metrics.floor):
        cached.cache_clear()


def expected_of(name):
    """The checksum of the shipped file, computed apart from the module."""
    if name in data.MD5:
        return f"MD5 {data.MD5[name]}"
    content = (shipped.ASSETS / name).read_bytes()
    return f"SHA-256 {hashlib.sha256(content).hexdigest()}"


def error_of(name):
    """The message of the DataError that loading a file ends in."""
    with pytest.raises(data.DataError) as error:
        LOADERS[name]()
    return str(error.value)


def test_the_table_names_every_file_of_weights_with_its_checksum():
    lines = (shipped.ASSETS / shipped.SUMS).read_text(encoding="utf8").splitlines()
    files = sorted([*shipped.ASSETS.glob("*.safetensors"), metrics.FLOORS])
    assert len(files) == 5
    assert lines == [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files
    ]


@pytest.mark.parametrize("name", LOADERS)
def test_a_copy_is_as_good(assets, name):
    LOADERS[name]()


@pytest.mark.parametrize("name", LOADERS)
def test_what_is_loaded_draws_no_global_random_numbers(assets, name):
    before = torch.get_rng_state()
    LOADERS[name]()
    assert torch.equal(torch.get_rng_state(), before)


# What may be wrong with a file


def change_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def become_a_pointer(path):
    """What a clone without Git LFS would have."""
    path.write_text("version https://git-lfs.github.com/spec/v1\nsize 3\n", encoding="utf8")


def swap(path):
    """Another file, which is whole: of another net, where there is one."""
    others = [other for other in path.parent.iterdir() if other != path]
    shutil.copyfile(min(others, key=lambda other: other.suffix != path.suffix), path)


def become_nan(path):
    save_file({"features.0.weight": torch.full((16, 1, 3, 3), torch.nan)}, path)


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize(
    "spoil", [change_a_byte, cut, empty, lengthen, become_a_pointer, swap, become_nan]
)
def test_another_file_is_named_with_both_checksums_and_the_cure(assets, name, spoil):
    spoil(assets / name)
    content = (assets / name).read_bytes()
    algorithm = hashlib.md5 if name in data.MD5 else hashlib.sha256
    message = error_of(name)
    assert message.startswith(f"{assets / name} is damaged or another file: ")
    found = f"found {algorithm(content).hexdigest()}"
    for part in (f"expected {expected_of(name)}", found, "reinstall", "git checkout"):
        assert part in message


def remove(path):
    path.unlink()


def become_a_folder(path):
    path.unlink()
    path.mkdir()


def become_a_full_folder(path):
    become_a_folder(path)
    (path / "a file").write_bytes(b"1")


def become_a_pipe(path):
    path.unlink()
    os.mkfifo(path)  # who opens it waits for ever


def become_a_ring_of_links(path):
    path.unlink()
    path.symlink_to(path)


def become_a_dead_link(path):
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def live_below_a_file(path):
    content = path.read_bytes()
    shutil.rmtree(path.parent)
    path.parent.write_bytes(content)


UNREADABLE = {
    remove: "is missing",
    become_a_dead_link: "is missing",
    live_below_a_file: "is missing",
    become_a_folder: "is a folder",
    become_a_full_folder: "is a folder",
    become_a_pipe: "is no regular file",
    become_a_ring_of_links: "cannot be read, ",
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders, and few links")
@pytest.mark.parametrize("name", ["judge.safetensors", "t10k-labels-idx1-ubyte.gz"])
@pytest.mark.parametrize("spoil", UNREADABLE)
def test_a_file_that_cannot_be_read_is_named(assets, name, spoil):
    spoil(assets / name)
    message = error_of(name)
    if spoil is live_below_a_file:  # as all files there are, and another one is read first
        assert f" {UNREADABLE[spoil]} (" in message
    else:
        assert message.startswith(f"{assets / name} {UNREADABLE[spoil]}")
        assert f"(expected {expected_of(name)})" in message
    assert "reinstall" in message and "git checkout" in message


@pytest.mark.parametrize("name", LOADERS)
def test_a_file_without_the_right_to_read_it_is_named(assets, name, monkeypatch):
    read_bytes = Path.read_bytes

    def refuse(path):  # chmod would not stop the superuser
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    message = error_of(name)
    assert message.startswith(f"{assets / name} cannot be read, Permission denied (expected ")
    assert "allow it to be read" in message


# What may be wrong with the table


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00garbage",
        b"nan  judge.safetensors\n",
        b"0123  judge.safetensors\n",
        b"g" * 64 + b"  judge.safetensors\n",
        b"0" * 64 + b"  other.safetensors\n",
        b"0" * 64 + b"judge.safetensors\n",
    ],
)
def test_a_table_without_the_checksum_is_named(assets, content):
    (assets / shipped.SUMS).write_bytes(content)
    message = error_of("judge.safetensors")
    assert message.startswith(f"{assets / shipped.SUMS} is damaged")
    assert "no SHA-256 of judge.safetensors" in message and "git checkout" in message


@pytest.mark.parametrize("spoil", [remove, become_a_folder])
def test_a_table_that_cannot_be_read_is_named(assets, spoil):
    spoil(assets / shipped.SUMS)
    message = error_of("generator.safetensors")
    assert message.startswith(f"{assets / shipped.SUMS} {UNREADABLE[spoil]} (the checksums of")
    assert "git checkout" in message


def test_a_table_of_another_file_is_no_excuse(assets):
    table = assets / shipped.SUMS
    text = table.read_text(encoding="utf8")
    table.write_text(text.replace("judge.", "j.").replace("second_j.", "judge."), encoding="utf8")
    message = error_of("judge.safetensors")
    assert f"expected {expected_of('second_judge.safetensors')}" in message


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_git_may_end_the_tables_lines_in_its_own_way(assets, ending):
    lines = (assets / shipped.SUMS).read_text(encoding="utf8").splitlines()
    (assets / shipped.SUMS).write_bytes(ending.join(lines).encode())
    for name in judges.JUDGES:
        judges.load(name)


# How often, and by whom


def test_a_file_is_compared_once_a_process_and_again_after_an_error(assets, monkeypatch):
    compared = []
    checksum = shipped._checksum
    monkeypatch.setattr(shipped, "_checksum", lambda *what: compared.append(1) or checksum(*what))
    whole = (assets / "generator.safetensors").read_bytes()
    change_a_byte(assets / "generator.safetensors")
    for _ in range(2):
        error_of("generator.safetensors")
    assert len(compared) == 2
    (assets / "generator.safetensors").write_bytes(whole)
    for _ in range(3):
        networks.trained_generator()
    assert len(compared) == 3


def small_weights(fill=0.5):
    return {"b": torch.full((2,), fill), "a": torch.arange(3)}


def test_weights_are_written_with_their_checksum(tmp_path):
    path = tmp_path / "a.safetensors"
    shipped.write_weights(small_weights(), tmp_path / "z.safetensors")
    shipped.write_weights(small_weights(0.25), path)
    shipped.write_weights(small_weights(), path)  # anew: its line is replaced
    lines = (tmp_path / shipped.SUMS).read_text(encoding="utf8").splitlines()
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    assert lines == [f"{checksum}  a.safetensors", f"{checksum}  z.safetensors"]
    assert load_file(path)["b"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_not_written(tmp_path, value):
    path = tmp_path / "a.safetensors"
    shipped.write_weights(small_weights(), path)
    before = [file.read_bytes() for file in sorted(tmp_path.iterdir())]
    with pytest.raises(ValueError, match=r"a\.safetensors is left as it was: b would hold NaN"):
        shipped.write_weights(small_weights(value), path)
    assert [file.read_bytes() for file in sorted(tmp_path.iterdir())] == before


def test_who_makes_weights_anew_writes_their_checksums(assets, monkeypatch, capsys):
    torch.manual_seed(4)
    monkeypatch.setattr(judges, "train", lambda name, epochs: judges.JUDGES[name]().eval())
    monkeypatch.setattr(judges, "accuracy", lambda net, split: 0.5)
    measured = {("test", "judge"): 0.25, ("validation", "second_judge"): 0.5}
    monkeypatch.setattr(
        metrics, "measure_floor", lambda count, split, judge: measured.get((split, judge), 0.0)
    )
    before = judges.load().classify.weight
    judges.main()
    judges.load.cache_clear()
    after = judges.load().classify.weight
    assert not torch.equal(after, before)
    judges.load("second_judge")
    assert metrics.floor(10_000, "test", "judge") == 0.25
    assert metrics.floor(10_000, "validation", "second_judge") == 0.5
    assert metrics.floor(10_000, "test", "second_judge") == 0

    monkeypatch.setattr(race, "BUILD", assets / "build")
    race.BUILD.mkdir()
    for name in race.SHIPPED.values():
        *_, G = race.prepare(race.KEPT | race.COMPACT[name] | {"digits": 300}, seed=7)
        save_file(G.state_dict(), race.generator_file(name, 0))
    race.ship()
    for conditional, name in race.SHIPPED.items():
        kept = load_file(race.generator_file(name, 0))
        shipped_weights = networks.trained_generator(conditional=conditional).state_dict()
        assert all(torch.equal(shipped_weights[key], kept[key]) for key in kept)
