"""benchmarks/step_share.py: operations counted and sorted, shares worked out by hand."""

import pytest
import torch
import torch.nn.functional as F

from benchmarks import step_share
from gan_helpers import losses, networks

PRODUCTS, BATCHNORM = list(step_share.GROUPS)[:2]


def flops_of(function):
    with step_share.Recorder() as recorder:
        function()
    return recorder.flops


def test_the_operations_of_a_convolution_are_counted():
    images = torch.randn(2, 3, 7, 7, requires_grad=True)
    weights = torch.randn(5, 3, 3, 3, requires_grad=True)
    # 2 images of 5 · 7 · 7 numbers, each of 3 · 3 · 3 products and as many sums.
    forward = 2 * (5 * 7 * 7) * 2 * (3 * 3 * 3)
    assert forward == 26_460
    assert flops_of(lambda: F.conv2d(images, weights, padding=1)) == forward
    last = images.to(memory_format=torch.channels_last)
    assert flops_of(lambda: F.conv2d(last, weights, padding=1)) == forward
    score = F.conv2d(images, weights, padding=1).sum()
    # The gradient of the images takes as many, and that of the weights.
    assert flops_of(lambda: score.backward(inputs=[weights], retain_graph=True)) == forward
    assert flops_of(lambda: score.backward(inputs=[images, weights])) == 2 * forward


def test_the_operations_of_a_matrix_product_are_counted():
    layer = torch.nn.Linear(10, 4)
    assert flops_of(lambda: layer(torch.ones(3, 10))) == 2 * 3 * 10 * 4
    assert flops_of(lambda: torch.ones(3, 10).relu() + 1) == 0


def test_what_r1_takes_is_counted():
    D = torch.nn.Sequential(torch.nn.Linear(10, 4), torch.nn.Linear(4, 1), torch.nn.Flatten(0))
    penalty_of = losses.r1_penalty
    first = 2 * 3 * 10 * 4
    second = 2 * 3 * 4 * 1
    forward = first + second
    by_images = first + second
    # The penalty's own gradient: by both layers' weights, and by what comes from the second layer.
    by_weights = 2 * first + second
    counted = flops_of(lambda: penalty_of(D, torch.ones(3, 10)).backward(inputs=[*D.parameters()]))
    assert counted == forward + by_images + by_weights


def test_operations_are_sorted_into_groups_and_can_be_done_again():
    net = networks.CompactGenerator(kinds=0)
    with step_share.Recorder() as recorder:
        net(torch.randn(8, net.latent_dim)).mean().backward()
    calls_of = step_share.grouped(recorder.calls)
    assert sum(map(len, calls_of.values())) == len(recorder.calls)
    names = {call[0].overloadpacket.__name__ for call in calls_of[PRODUCTS]}
    assert names == {"convolution", "convolution_backward", "addmm", "mm"}
    assert len(calls_of[BATCHNORM]) == 2 * 2, "forward and backward, of two layers"
    for calls in calls_of.values():
        step_share.repeat(calls)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("convolution_backward", PRODUCTS),
        ("addmm", PRODUCTS),
        ("mm", PRODUCTS),
        ("native_batch_norm_backward", BATCHNORM),
        ("_fused_adam_", "Adam"),
        ("_foreach_lerp_", "averaging of weights"),
        ("leaky_relu_backward", "LeakyReLU and tanh"),
        ("add", step_share.OTHERS),
        ("addcmul", step_share.OTHERS),
    ],
)
def test_the_group_of_an_operation(name, group):
    assert step_share.group_of(name) == group


@pytest.fixture
def measured():
    """A machine of 100 Gflop a second, and a step of a gigaflop in 40 milliseconds."""
    seconds = dict.fromkeys([*step_share.GROUPS, step_share.OTHERS, step_share.BATCH], 0.002)
    seconds |= {"step": 0.04, "large product": 2 * 1024**3 / 100e9, PRODUCTS: 0.0125}
    return {"flops": 1e9, "rounds": [seconds, seconds], "threads": 1}


def test_speeds_and_shares(measured):
    speeds = step_share.speeds(measured)
    assert speeds["a product of large matrices"] == pytest.approx([100, 100])
    assert speeds["a step's products alone"] == pytest.approx([80, 80])  # 1 Gflop in 12.5 ms
    assert speeds["a step"] == pytest.approx([25, 25])  # 1 Gflop in 40 ms
    shares = step_share.shares(measured)
    assert shares[PRODUCTS] == pytest.approx([0.3125, 0.3125])
    assert shares["Adam"] == pytest.approx([0.05, 0.05])
    # 40 ms - 12.5 ms - seven other parts of 2 ms each
    assert shares[step_share.REST] == pytest.approx([13.5 / 40] * 2)
    text = "\n".join(step_share.lines(measured))
    assert "1.000 Gflop a step, 25 (25 – 25) steps a second, threads: 1" in text
    assert "| a step | 25 (25 – 25) | 25% |" in text
    assert "| a step's products alone | 80 (80 – 80) | 80% |" in text
