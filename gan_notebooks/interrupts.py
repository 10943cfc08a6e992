"""Ctrl-C, and the signals of who ends a job or closes a terminal, which here do the same."""

import contextlib
import functools
import signal
import threading
import time

# Windows lacks some.
STOP_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
]
INTERRUPTS = [signal.SIGINT, *STOP_SIGNALS]
PATIENCE = 15  # seconds in which a second signal ends nothing that is being ended


def interrupt_by_signals():
    """Make the signals that end a process do what Ctrl-C does.

    A closed terminal sends SIGHUP twice: what comes while the first one is obeyed is passed over. A
    second Ctrl-C is not. What is ignored stays so, as SIGHUP under nohup.
    """
    obeyed = -PATIENCE

    def interrupt(signum, frame):
        nonlocal obeyed
        if time.monotonic() - obeyed > PATIENCE:
            obeyed = time.monotonic()
            raise KeyboardInterrupt

    for number in STOP_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


class HeldBack:
    """The interrupt that has come since `held_back`, if one has."""

    def __init__(self):
        self._act = None
        self._has_come = False

    def note(self, handler, signum, frame):
        """Keep the first signal, with what its `handler` would have done; a second Ctrl-C is done.

        Who waits for it may be held up, as by a full pipe.
        """
        if self._has_come and signum == signal.SIGINT:
            handler(signum, frame)
        self._has_come = True
        self._act = self._act or functools.partial(handler, signum, frame)

    def obey(self):
        """Do what the signal asks for, which is to raise KeyboardInterrupt; without one nothing."""
        act, self._act = self._act, None
        if act is not None:
            act()


@contextlib.contextmanager
def held_back():
    """Interrupts wait until somebody calls `obey` of the HeldBack that this yields, or for the end.

    At once, one can come between the start of a process and the note of it, and nobody ends it. A
    second Ctrl-C does not wait. An error that leaves the block goes before an interrupt. Only a
    main thread hears signals.
    """
    held = HeldBack()
    handlers = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in INTERRUPTS:
                handler = signal.getsignal(number)
                if callable(handler):  # else the system ends the process, or it is ignored
                    handlers[number] = handler
                    signal.signal(number, functools.partial(held.note, handler))
        yield held
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    held.obey()
