"""The widgets in real kernels, with old and new ipykernel and ipywidgets.

They are driven as a front end does, by messages. By hand on one other kernel:
WIDGET_PYTHON=/path/to/python python -m pytest -m slow tests/slow/test_widget_kernels.py
"""

import os
import queue
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
BETWEEN = ("ipykernel==7.3.0", "ipywidgets==8.1.7")
SETUP = """
import sys, time, torch
from gan_helpers import training, widgets
history = training.History()
def step(images, labels):
    time.sleep(0.002)
    return {"d_loss": 1.0, "g_loss": 2.0}
batches = [(None, None)] * 10

def train_panel():
    samples = lambda: torch.zeros(9, 1, 28, 28)
    return widgets.train_panel(step, batches, history=history, samples=samples, optimisers={})
"""


@pytest.fixture(scope="module", params=["installed", "Colab's", "between"])
def python(request, tmp_path_factory, make_environment, colab):
    """The interpreter of a kernel: this one, or one that finds other versions first."""
    if request.param == "installed":
        return os.environ.get("WIDGET_PYTHON", sys.executable)
    if "WIDGET_PYTHON" in os.environ:
        pytest.skip("WIDGET_PYTHON names the only kernel to be tried")
    versions = colab if request.param == "Colab's" else BETWEEN
    return str(make_environment(tmp_path_factory.mktemp("kernel"), *versions)[0])


class Kernel:
    """A kernel, and a front end's part in talking to it."""

    def __init__(self, python):
        self.manager = KernelManager(transport="ipc" if os.name != "nt" else "tcp")
        self.manager._kernel_spec = KernelSpec(
            argv=[python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        )
        self.manager.start_kernel(env={**os.environ, "PYTHONPATH": str(ROOT)})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        self.subshell = None
        self.updates = []  # (comm_id, state, number of buffers) of all comm messages so far

    def use_a_subshell(self):
        """Send comm messages to another thread of the kernel, as JupyterLab does where it can."""
        info = self.client.kernel_info(reply=True, timeout=30)["content"]
        if "kernel subshells" not in info.get("supported_features", []):
            return False
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        self.subshell = self.client.control_channel.get_msg(timeout=30)["content"]["subshell_id"]
        return True

    def run(self, code, expression="None"):
        """Run a cell; the value of an expression after it. Raises where the cell does."""
        number = self.client.execute(code, user_expressions={"value": expression})
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == number:
                break
        assert reply["content"]["status"] == "ok", reply["content"]
        answer = reply["content"]["user_expressions"]["value"]
        assert answer["status"] == "ok", answer
        return eval(answer["data"]["text/plain"])

    def send(self, comm_id, data):
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        if self.subshell:
            message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)

    def click(self, button):
        self.send(button, {"method": "custom", "content": {"event": "click"}})

    def set(self, model, **state):
        self.send(model, {"method": "update", "state": state, "buffer_paths": []})

    def listen(self, seconds):
        """Take in what the kernel broadcasts."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                message = self.client.get_iopub_msg(timeout=left)
            except queue.Empty:
                return
            if message["msg_type"] == "comm_msg":
                content = message["content"]
                self.updates.append(
                    (content["comm_id"], content["data"].get("state", {}), len(message["buffers"]))
                )


@pytest.fixture(params=["main shell", "subshell"])
def kernel(python, request):
    kernel = Kernel(python)
    try:
        kernel.run(SETUP)
        if request.param == "subshell" and not kernel.use_a_subshell():
            pytest.skip("this kernel has no subshells")
        yield kernel
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


def test_start_pause_resume_and_stop(kernel):
    ids = kernel.run(
        "panel = train_panel()",
        "{name: getattr(panel, name).model_id "
        "for name in ('start', 'pause', 'one_step', 'stop', 'text')}",
    )

    def reach(state, more_than=-1):
        """The steps done once the panel is in this state with more than so many.

        Asked in cells, while it trains.
        """
        for _ in range(100):
            steps, state_now = kernel.run("", "(history.step, panel.state)")
            if state_now == state and steps > more_than:
                return steps
            kernel.listen(0.1)
        raise AssertionError(f"still {state_now} after {steps} steps")

    assert reach("paused") == 0
    kernel.click(ids["start"])
    steps = reach("running", 50)
    said = set()
    while len(said) < 3:  # pictures and their text come between cells
        steps = reach("running", steps)
        kernel.listen(0.1)  # `reach` listens only where it has to wait
        said |= {
            state["value"]
            for model, state, _ in kernel.updates
            if model == ids["text"] and "value" in state
        }
        assert steps < 20_000, said
    kernel.manager.interrupt_kernel()  # the notebook's stop button is for cells: it harms no panel
    kernel.listen(0.5)  # nor a request that comes later; one that is under way may be lost
    reach("running", steps + 100)

    kernel.click(ids["pause"])
    rests_at = reach("paused")
    kernel.listen(0.5)
    assert reach("paused") == rests_at
    kernel.click(ids["one_step"])
    assert reach("paused", rests_at) == rests_at + 1

    kernel.click(ids["start"])
    steps = reach("running", rests_at + 20)
    # The same cell again, while it trains: the old panel rests, nothing is lost, the new one goes
    # on.
    again = kernel.run(
        "old, panel = panel, train_panel()",
        "{name: getattr(panel, name).model_id for name in ('start', 'stop')}",
    )
    steps = reach("paused", steps)
    kernel.listen(0.5)
    assert reach("paused") == steps
    kernel.click(again["start"])
    reach("running", steps + 20)
    kernel.click(again["stop"])
    end = reach("stopped")
    kernel.click(again["start"])
    kernel.listen(0.5)
    assert reach("stopped") == end
    assert kernel.run("", "(len(history['d_loss']), old.state)") == (end, "paused")


def test_an_error_is_shown_in_the_panel(kernel):
    start, message = kernel.run(
        "def step(images, labels): raise ValueError('not today')\npanel = train_panel()",
        "(panel.start.model_id, panel.message.model_id)",
    )
    kernel.click(start)
    for _ in range(100):
        kernel.listen(0.1)
        if "not today" in kernel.run("", "panel.message.value"):
            break
    said = [state.get("value", "") for model, state, _ in kernel.updates if model == message]
    assert any("ValueError: not today" in text for text in said)
    assert kernel.run("", "panel.state") == "paused"


def test_the_game_plays_pauses_goes_back_and_shows_errors(kernel):
    ids = kernel.run(
        "from gan_helpers import game\nboard = game.Panel(width_g=8, width_d=8)",
        "{name: part.model_id for name, part in {**board.buttons, **board.controls, "
        "'moment': board.moment, 'error': board.error}.items()}",
    )

    def reach(state):
        """Wait until this expression holds; the number of turns then."""
        for _ in range(100):
            turns, holds = kernel.run("", f"(board.game.history.step, bool({state}))")
            if holds:
                return turns
            kernel.listen(0.1)
        raise AssertionError(f"{state} does not hold after {turns} turns")

    kernel.click(ids["Play"])
    reach("board.playing and board.game.history.step > 20")
    kernel.manager.interrupt_kernel()  # as for the panel above
    kernel.listen(0.5)
    reach("board.game.history.step > 50")
    kernel.click(ids["Play"])
    turns = reach("board.task.done()")
    kernel.listen(0.5)
    assert reach("not board.playing") == turns
    kernel.click(ids["Step back"])
    assert reach("board.game.position == len(board.game.kept) - 2") < turns
    for position in (3, 2, 1):
        kernel.set(ids["moment"], value=position)
    assert reach("board.game.position == 1") == 5
    kernel.set(ids["rate_g"], value=-1)
    # Two widgets' messages may come to two threads: they keep no order.
    reach("board.game.rate_g == -1")
    kernel.click(ids["1 turn"])
    reach("'must be above 0 and finite, got -1' in board.error.value")
    kernel.set(ids["rate_g"], value=0.01)
    reach("board.game.rate_g == 0.01")
    kernel.click(ids["1 turn"])
    assert reach("not board.error.value and board.game.position == 2") == 6
    # The same cell again, while it plays: nothing goes on unseen.
    kernel.click(ids["Play"])
    reach("board.playing and board.game.history.step > 20")
    kernel.run("old, board = board, game.Panel(width_g=8, width_d=8)")
    assert reach("old.task.done()") == 0


def test_the_sampler_hears_the_page_and_sends_what_it_asks_for(kernel):
    """On Colab's ipywidgets too: what is set in the page is read in Python, and weights come."""
    sampler, state = kernel.run("sampler = widgets.sampler()", "(sampler.model_id, sampler.state)")
    kernel.set(sampler, state=state | {"seed": 3, "direction 1": 2.5})
    for _ in range(100):
        if kernel.run("", "sampler.line"):
            break
        kernel.listen(0.1)
    assert kernel.run("", "sampler.line") == "seed 3 · direction 1 = 2.5"
    kernel.run("sampler.generators[''].requires_grad_(False).generator.layers[7].bias += 1")
    kernel.updates.clear()
    kernel.send(sampler, {"method": "custom", "content": {"want": "weights"}})

    def weights_have_come():
        return any(
            model == sampler and "weights" in new and buffers == 1
            for model, new, buffers in kernel.updates
        )

    for _ in range(100):
        kernel.listen(0.1)
        if weights_have_come():
            break
    assert weights_have_come()
