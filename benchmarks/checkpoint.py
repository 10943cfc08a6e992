"""Save a training run and go on with it later, as if it had never stopped.

    parts = {"G": G, "D": D, "opt_G": opt_G, "batches": batches, "history": history}
    checkpoint.save("run.pt", parts)    # also saves every global random state
    checkpoint.load("run.pt", parts)    # in another process, with freshly built parts

A part is anything with state_dict and load_state_dict, or a torch.Generator.
"""

import contextlib
import io
import os
import random
from pathlib import Path

import numpy as np
import torch


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written or read; the message says why and what to do."""


def save(path, parts):
    """Write the state of `parts` (dict of name to object) and of the random generators to `path`.

    The file is written beside its place and moved there in one step, so `path` always holds a whole
    checkpoint: the one before or the new one. Raises CheckpointError where the disk is full or the
    folder is missing.
    """
    path = Path(path)
    state = {
        "parts": {name: _get_state(part) for name, part in parts.items()},
        "random": _get_random_state(),
    }
    temporary = path.with_name(path.name + ".part")
    try:
        with open(temporary, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name points to it
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if not isinstance(error, (OSError, RuntimeError)):  # torch's error for a full disk
            raise
        earlier = "nothing was written"
        if path.exists():
            earlier = f"the earlier checkpoint in {path} is untouched"
        raise CheckpointError(
            f"cannot write {path} ({error}); {earlier}. Free some space or choose a folder that "
            "exists and may be written to, and save again."
        ) from error


def load(path, parts):
    """Read `path` into `parts` (the names it was saved with) and set the random generators.

    Raises CheckpointError where the file is missing, damaged, or of other parts. Then no part has
    been changed, unless a part itself refuses its state (a net of another size).
    """
    state = _read(path)
    saved = state["parts"]
    if saved.keys() != parts.keys():
        raise CheckpointError(
            f"{path} holds the parts {sorted(saved)}, asked for were {sorted(parts)}: "
            "give load the same names as save"
        )
    for name, part in parts.items():
        try:
            _set_state(part, saved[name])
        except Exception as error:
            raise CheckpointError(
                f"part {name!r} of {path} does not fit ({error}): build it as it was when saved"
            ) from error
    _set_random_state(state["random"])


def _read(path):
    """What `save` wrote to `path`: a dict. Raises CheckpointError where it cannot be had."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"there is no checkpoint {path}: check the path, or train from the start"
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error}): check the path and its permissions"
        ) from error
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return {"parts": state["parts"], "random": state["random"]}
    except Exception as error:
        raise CheckpointError(
            f"{path} is damaged or not a checkpoint ({error}): delete it and train from the start, "
            "or take an older copy"
        ) from error


def _get_state(part):
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()


def _set_state(part, state):
    if isinstance(part, torch.Generator):
        part.set_state(state)
    else:
        part.load_state_dict(state)


def _get_random_state():
    _, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        # Plain numbers: weights_only loads nothing else.
        "numpy": [keys.tolist(), position, has_gauss, cached],
        "python": random.getstate(),
    }


def _set_random_state(state):
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state(("MT19937", np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    random.setstate(state["python"])
