"""data.py: the archives, the scaling and its inverse, the batches."""

import gzip
import multiprocessing
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torchvision import datasets, transforms

from gan_helpers import data


def test_splits_have_the_published_sizes_and_contents():
    train_images, train_labels = data.mnist("all")
    test_images, test_labels = data.mnist("test")
    assert train_images.shape == (60_000, 28, 28) and train_images.dtype == torch.uint8
    assert test_images.shape == (10_000, 28, 28) and test_labels.dtype == torch.int64
    assert train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    in_train = "5923 6742 5958 6131 5842 5421 5918 6265 5851 5949"
    in_test = "980 1135 1032 1010 982 892 958 1028 974 1009"
    assert train_labels.bincount().tolist() == [int(count) for count in in_train.split()]
    assert test_labels.bincount().tolist() == [int(count) for count in in_test.split()]


@pytest.mark.parametrize(("split", "prefix"), [("all", "train"), ("test", "t10k")])
def test_every_byte_of_an_archive_is_read(split, prefix):
    images, labels = data.mnist(split)
    for values, name in ((images, "images-idx3"), (labels.byte(), "labels-idx1")):
        content = gzip.decompress((data.RAW / f"{prefix}-{name}-ubyte.gz").read_bytes())
        header = len(content) - values.numel()  # bytes
        assert header == 4 + 4 * values.ndim
        assert values.numpy().tobytes() == content[header:]


@pytest.mark.parametrize(
    ("split", "part"), [("train", slice(50_000)), ("validation", slice(50_000, 60_000))]
)
def test_no_digit_to_train_on_is_one_to_choose_by(split, part):
    every_image, every_label = data.mnist("all")
    images, labels = data.mnist(split)
    assert torch.equal(images, every_image[part])
    assert torch.equal(labels, every_label[part])


def test_unknown_split_is_named():
    with pytest.raises(ValueError, match="'valid'"):
        data.mnist("valid")


@pytest.mark.parametrize("grey, scaled", [(0, -1.0), (255, 1.0), (51, -0.6), (204, 0.6)])
def test_scaling_by_hand(grey, scaled):
    value = data.to_tanh_range(torch.tensor([grey], dtype=torch.uint8))
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(scaled, abs=1e-6)
    assert data.from_tanh_range(value).tolist() == [grey]


def test_scaling_accepts_unit_floats_and_leaves_its_input_alone():
    unit = torch.tensor([0.0, 0.25, 1.0])
    assert data.to_tanh_range(unit).tolist() == [-1.0, -0.5, 1.0]
    assert unit.tolist() == [0.0, 0.25, 1.0]


def test_inverse_rounds_to_the_nearest_grey_and_leaves_its_input_alone():
    values = torch.tensor([-1.0, -1 + 1.4 / 255, -1 + 2.6 / 255, 1.0])
    before = values.clone()
    assert data.from_tanh_range(values).tolist() == [0, 1, 1, 255]
    assert torch.equal(values, before)


@pytest.mark.parametrize(
    "call, images, message",
    [
        (
            data.to_tanh_range,
            torch.tensor([-1.0, 1.0]),
            r"must lie in \[0, 1\], got \[-1, 1\]: are they scaled already",
        ),
        (data.to_tanh_range, torch.tensor([0.0, float("nan")]), "nan.*training diverged"),
        (
            data.from_tanh_range,
            torch.tensor([0.0, 1.5]),
            r"must lie in \[-1, 1\], got \[0, 1.5\]: pass them through",
        ),
        (data.check_images, torch.tensor([0.0, float("nan")]), "nan.*a lower learning rate"),
        (data.check_images, torch.tensor([0.0, float("inf")]), r"\[0, inf\]: pass them through"),
    ],
)
def test_out_of_range_names_range_and_cure(call, images, message):
    with pytest.raises(ValueError, match=message):
        call(images)


def test_wrong_dtype_is_refused():
    with pytest.raises(TypeError, match="int64"):
        data.to_tanh_range(torch.tensor([3]))
    with pytest.raises(TypeError, match="uint8"):
        data.from_tanh_range(torch.tensor([3], dtype=torch.uint8))


def test_equals_torchvision_and_leaves_the_package_alone():
    before = sorted(path.name for path in data.RAW.iterdir())
    usual = datasets.MNIST(
        data.torchvision_root(),
        train=False,
        download=True,
        transform=transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]),
    )
    images, labels = data.mnist("test")
    ours = data.to_tanh_range(images[:300]).unsqueeze(1)
    for index in range(300):
        image, label = usual[index]
        assert torch.equal(image, ours[index])
        assert label == labels[index]
    assert sorted(path.name for path in data.RAW.iterdir()) == before == sorted(data.MD5)


@pytest.fixture
def copied_archives(tmp_path, monkeypatch):
    """The archives in a folder of their own, which the module reads."""
    raw = tmp_path / "raw"
    shutil.copytree(data.RAW, raw)
    monkeypatch.setattr(data, "RAW", raw)
    return raw


def test_a_damaged_archive_is_named_with_both_md5s_and_the_cure(copied_archives):
    path = copied_archives / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(data.DataError) as error:
        data.mnist("test")
    for part in (str(path), data.MD5[path.name], "found", "git checkout"):
        assert part in str(error.value)


def test_a_missing_archive_is_named(copied_archives):
    (copied_archives / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(data.DataError, match="train-images-idx3-ubyte.gz is missing"):
        data.mnist("train")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_works_from_a_read_only_folder(copied_archives):
    copied_archives.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert len(data.mnist("test")[0]) == 10_000
    finally:
        copied_archives.chmod(stat.S_IRWXU)


def _load_both_ways(_):
    from torchvision import datasets

    usual = datasets.MNIST(data.torchvision_root(), train=False, download=True)
    return data.mnist("test")[1].sum().item(), int(usual.targets.sum())


def test_several_processes_load_at_once():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        sums = pool.map(_load_both_ways, range(2), chunksize=1)
        pool.close()
        pool.join()  # they end in peace, and their temporary folders with them
    assert set(sums) == {(44_434, 44_434)}  # of the test labels


def test_the_torchvision_folder_goes_with_its_process():
    code = "from gan_helpers import data; print(data.torchvision_root())"
    root = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert root and not Path(root).exists()


IMAGES = torch.arange(10, dtype=torch.uint8).view(10, 1, 1).expand(10, 28, 28).contiguous() * 25
LABELS = torch.arange(10)


def make(batch_size=4, seed=0):
    return data.batches(IMAGES, LABELS, batch_size, generator=torch.Generator().manual_seed(seed))


def labels_of(batches):
    """The labels of one pass, as a list of lists."""
    return [labels.tolist() for _, labels in batches]


def test_batches_are_scaled_shuffled_and_complete():
    batches = make()
    assert len(batches) == 3
    given = list(batches)
    assert [len(labels) for _, labels in given] == [4, 4, 2]
    images = torch.cat([images for images, _ in given])
    labels = torch.cat([labels for _, labels in given])
    assert images.shape == (10, 1, 28, 28)
    assert images.dtype == torch.float32
    assert sorted(labels.tolist()) == list(range(10))
    assert labels.tolist() != list(range(10))
    # Image and label stay together: image k has grey level 25 k.
    assert torch.allclose(images[:, 0, 0, 0], labels * 25 / 127.5 - 1, atol=1e-6)


def test_each_pass_is_shuffled_anew_and_repeats_with_the_seed():
    batches = make()
    first = labels_of(batches)
    second = labels_of(batches)
    assert first != second
    again = make()
    assert labels_of(again) == first
    assert labels_of(again) == second
    assert labels_of(make(seed=1)) != first


def test_batches_are_the_slices_of_a_permutation():
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0)).tolist()
    assert labels_of(make()) == [order[:4], order[4:8], order[8:]]


def test_batches_go_on_in_the_middle_of_a_pass():
    reference = make()
    expected = labels_of(reference) + labels_of(reference)
    batches = make()
    _, first = next(iter(batches))
    other = make(seed=7)
    other.load_state_dict(batches.state_dict())
    assert [first.tolist(), *labels_of(other), *labels_of(other)] == expected


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    list(data.batches(IMAGES, LABELS, 4))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    "images, labels, size, message",
    [
        (IMAGES.float(), LABELS, 4, "float32"),
        (IMAGES[:, 0], LABELS, 4, r"\[10, 28\]"),
        (IMAGES, LABELS[:9], 4, r"must have shape \[10\]"),
        (IMAGES, LABELS, 11, "1 … 10"),
        (IMAGES, LABELS, 0, "1 … 10"),
        (IMAGES, LABELS, 3, "10 images in batches of 3 leave a single one.*change batch_size"),
        (IMAGES, LABELS, 9, r"10 images in batches of 9 .*images\[:-1\] and labels\[:-1\]"),
    ],
)
def test_bad_batches_are_refused(images, labels, size, message):
    with pytest.raises(ValueError, match=message):
        data.batches(images, labels, size)


def test_no_pass_ends_with_a_batch_of_one_but_all_may_be_of_one():
    for size in (1, 2, 4, 5, 6, 7, 8, 10):
        lengths = [len(labels) for labels in labels_of(make(batch_size=size))]
        assert sum(lengths) == 10 and (lengths[-1] > 1 or size == 1)
    assert labels_of(data.batches(IMAGES[:1], LABELS[:1], 1)) == [[0]]


def test_a_state_of_other_data_is_refused():
    batches = make()
    next(iter(batches))
    with pytest.raises(ValueError, match="10 images, these batches have 5"):
        data.batches(IMAGES[:5], LABELS[:5], 3).load_state_dict(batches.state_dict())
    with pytest.raises(ValueError, match="batches of 4, these have 5"):
        make(batch_size=5).load_state_dict(batches.state_dict())
