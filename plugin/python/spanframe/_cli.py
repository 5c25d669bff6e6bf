"""The ``spanframe`` command of the wheel. Runs the Rust command line in this process."""

import signal
import sys

from . import _internal, _runtime


def main() -> None:
    """Runs the command line and exits with its code."""
    # Python's handler would not run while Rust works
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _runtime.register()
    sys.exit(_internal.cli(["spanframe", *sys.argv[1:]]))
