"""One discriminator step, one generator step, the loop, its history, averaged weights.

Lesson 02 writes the loop inline first and then shows that it equals these functions. Nothing here
knows which nets, losses or data it is given.
"""

import contextlib
import math
import random
import signal
import sys
import threading
import time

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from gan_helpers import memory, threads


def setup(seed):
    """Seed torch, NumPy and Python; take one CPU thread, or as many as GAN_HELPERS_THREADS says.

    The same seed on a machine of the same kind, with the same number of threads and the same
    versions, gives the same run, bit for bit; elsewhere sums are rounded in another order. Why one
    thread, the module `threads` says; what keeps the memory small, `memory`. Raises ParameterError
    where the variable is no number from 1.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads.number())
    torch.set_flush_denormal(True)  # numbers near 0 that a CPU handles slowly become 0
    memory.keep_small()


def update(optimiser, net, loss):
    """One step of the optimiser down `loss`, a scalar: only the parameters of `net` change.

    Their old gradients are cleared first. Other nets that the loss went through pass the gradient
    on and collect none. Raises ValueError where `net` has no parameter to train.
    """
    parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError(f"{type(net).__name__} has no parameter that takes gradients to train")
    optimiser.zero_grad(set_to_none=True)
    loss.backward(inputs=parameters)
    optimiser.step()


def discriminator_step(G, D, opt_D, real, z, loss, *, cond=(), labels=None, penalty=None):
    """One update of D: real images up, fakes G(z) down. Only D's parameters change.

    `real`: images [B, ...] in [-1, 1]; `z`: noise [B, latent_dim]; `loss`: a `losses.GANLoss`;
    `cond`: a tuple handed to both nets behind their input; `labels`: the classes int64 [B], handed
    to the loss; `penalty(D, real, fake, *cond)`: a scalar added to the loss.

    Returns {"d_loss", "score_real", "score_fake"}: the loss without the penalty, the mean raw
    scores. For a D that gives class logits [B, K] "d_loss" alone: their mean says nothing.
    """
    with torch.no_grad():  # the gradient ends here: G is not trained
        fake = G(z, *cond)
    real_scores = D(real, *cond)
    fake_scores = D(fake, *cond)
    d_loss = loss.discriminator(real=real_scores, fake=fake_scores, labels=labels)
    total = d_loss if penalty is None else d_loss + penalty(D, real, fake, *cond)
    update(opt_D, D, total)
    metrics = {"d_loss": d_loss.item()}
    if real_scores.ndim == 1:
        metrics["score_real"] = real_scores.mean().item()
        metrics["score_fake"] = fake_scores.mean().item()
    return metrics


def generator_step(G, D, opt_G, z, loss, *, cond=(), labels=None, real=None):
    """One update of G: the scores of the fakes G(z) up. Only G's parameters change.

    Arguments as in `discriminator_step`; D judges `real` too only where it is given, for losses
    that compare. Returns {"g_loss"}.
    """
    fake_scores = D(G(z, *cond), *cond)
    real_scores = None
    if real is not None:
        with torch.no_grad():  # G has no part in it
            real_scores = D(real, *cond)
    g_loss = loss.generator(fake=fake_scores, real=real_scores, labels=labels)
    update(opt_G, G, g_loss)
    return {"g_loss": g_loss.item()}


class History:
    """What a run has recorded: `history["d_loss"]` is a list, `history.steps["d_loss"]` its steps.

    `step` counts the steps done, `seconds` the time spent in them, `snapshots` maps a step to its
    images. Series may differ in length: a Wasserstein run has five critic losses for each
    generator loss.
    """

    def __init__(self):
        self.step = 0
        self.seconds = 0.0
        self.steps = {}
        self.values = {}
        self.snapshots = {}

    def __getitem__(self, name):
        return self.values[name]

    def record(self, metrics):
        """Append the metrics (dict[str, float]) of the step just done."""
        for name, value in metrics.items():
            self.steps.setdefault(name, []).append(self.step)
            # A plain float: a checkpoint holds nothing else.
            self.values.setdefault(name, []).append(float(value))

    def state_dict(self):
        return dict(vars(self))

    def load_state_dict(self, state):
        vars(self).update(state)


class TrainingDiverged(RuntimeError):
    """A loss or a picture is no longer a number; `history` holds the run up to that step."""

    def __init__(self, what, history):
        super().__init__(
            f"{what} at step {history.step}. Try a smaller learning rate, look for a log or a "
            "square root that reaches 0 in your loss, and check that the images lie in [-1, 1]."
        )
        self.history = history


def training_loop(step, batches, history, *, steps, snapshot=None):
    """Generator: does `steps` steps and yields `history` after each.

    `fit` and the training panel drive it. Arguments as in `fit`.
    """
    done = 0
    while done < steps:
        before = done
        for images, labels in batches:
            start = time.perf_counter()
            metrics = step(images, labels)
            history.step += 1
            history.record(metrics)
            for name, value in metrics.items():
                if not math.isfinite(value):
                    raise TrainingDiverged(f"{name} is {value}", history)
            picture = None if snapshot is None else snapshot(history.step)
            if picture is not None:
                if not torch.isfinite(picture).all():
                    raise TrainingDiverged("A snapshot holds NaN or infinity", history)
                history.snapshots[history.step] = picture.detach().cpu()
            history.seconds += time.perf_counter() - start
            done += 1
            yield history
            if done == steps:
                return
        if done == before:
            raise ValueError(
                "batches gave none: pass an object that can be gone through again, such as "
                "data.batches, and no iterator"
            )


def fit(step, batches, *, steps=None, epochs=None, snapshot=None, history=None, bar=True):
    """Train: call `step(images, labels) -> dict[str, float]` on each batch; return the History.

    Give `steps`, or `epochs` (passes over `batches`). `snapshot(n)` is called with the number of
    steps done and returns images to keep, or None. With `history`, an earlier run goes on. With
    `bar=False` no progress is shown.

    The first Ctrl-C (in Jupyter: the stop button) ends training after the running step and returns
    what has been recorded; a second one interrupts at once. Raises TrainingDiverged where a metric
    is NaN or infinite.
    """
    total = _number_of_steps(steps, epochs, batches)
    history = History() if history is None else history
    with _stop_on_interrupt() as stop, progress_bar(total, disable=not bar) as progress:
        for _ in training_loop(step, batches, history, steps=total, snapshot=snapshot):
            progress.set_postfix(_newest_losses(history), refresh=False)
            progress.update()
            if stop.is_set():
                break
    return history


def progress_bar(total, *, iterable=None, name=None, disable=False):
    """tqdm's bar of `total` steps; one of an `iterable` is gone through as that is."""
    return tqdm(
        iterable,
        name,
        total,
        file=_words_aside(),
        unit="step",
        # Rarely redrawn where nobody watches: each redraw is a line in a log.
        mininterval=0.2 if sys.stderr.isatty() else 2.0,
        ncols=100,
        disable=disable,
    )


def _words_aside():
    """The stream for what is no result: in a notebook not stderr, which JupyterLab paints red."""
    in_notebook = type(sys.stdout).__module__.startswith("ipykernel")
    return sys.stdout if in_notebook else sys.stderr


def _number_of_steps(steps, epochs, batches):
    """How many steps `fit` makes; exactly one of `steps` and `epochs` is given."""
    if (steps is None) == (epochs is None):
        raise ValueError(
            f"give steps or epochs, not both and not neither: got steps={steps}, epochs={epochs}"
        )
    name = "steps" if epochs is None else "epochs"
    length = steps if epochs is None else epochs
    if not isinstance(length, int) or length < 0:
        raise ValueError(f"{name} must be a whole number from 0, got {length}")
    return steps if epochs is None else epochs * len(batches)


def _newest_losses(history):
    """{name: text} of the last value of each loss."""
    return {
        name: f"{values[-1]:.2f}"
        for name, values in history.values.items()
        if name.endswith("loss")
    }


@contextlib.contextmanager
def _stop_on_interrupt():
    """Yield an event that the first Ctrl-C sets; the second raises KeyboardInterrupt as usual."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread gets signals
        return

    def handler(signum, frame):
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        print(
            "\nStopping after this step; nets and history are kept. Once more stops at once.",
            file=_words_aside(),
        )

    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)


class EMA(AveragedModel):
    """A copy of `net` whose weights are an exponential moving average of the net's, warmed up.

    Call `update_parameters(net)` after each step and the EMA like the net. The first update copies;
    after n updates the next one keeps the share min(decay, n / (n + 9)) of the average, so that the
    first minutes are not spent remembering the random start.
    Buffers (BatchNorm's statistics) are copied, not averaged.
    """

    def __init__(self, net, decay=0.999):
        if not 0 <= decay < 1:
            raise ValueError(f"decay must lie in [0, 1), got {decay}")

        def average(averaged, current, updates):
            # `updates` counts those before this one; at 0 torch copies instead.
            keep = min(decay, float(updates) / (float(updates) + 9))
            torch._foreach_lerp_(averaged, current, 1 - keep)

        super().__init__(net, multi_avg_fn=average)
        self.decay = decay
