"""What moves in the lessons: the last line of a cell shows it.

    widgets.sampler()                      digits that follow sliders, of a trained generator
    widgets.scrubber(history)              a run's snapshots, with its curves
    widgets.train_panel(step, batches, …)  start, pause and watch a training

`figure()` of each gives the same as a still picture for `plots.show`, for readers without widgets.
"""

from gan_helpers.widgets.digit_sampler import Sampler as sampler
from gan_helpers.widgets.snapshot_scrubber import Scrubber as scrubber
from gan_helpers.widgets.training_panel import TrainPanel as train_panel

__all__ = ["sampler", "scrubber", "train_panel"]
