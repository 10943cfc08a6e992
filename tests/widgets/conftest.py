import pytest

from gan_helpers.widgets.training_panel import TrainPanel


@pytest.fixture(autouse=True)
def no_panel_from_another_test():
    yield
    TrainPanel.training_now = None
