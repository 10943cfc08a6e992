"""The course's command as a terminal starts it: Ctrl-C reaches it.

A shell's background job ignores SIGINT and hands that down to all that it starts.
"""

import sys

CODE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from gan_notebooks import cli; cli.main(sys.argv[1:])"
)
COMMAND = [sys.executable, "-c", CODE]
