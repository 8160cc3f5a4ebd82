"""The command line: each command calls one library function with the same arguments."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Sequence

from emotion_tf.cli.parser import parse
from emotion_tf.cli.quiet import quiet_tensorflow
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.progress import log_to_stderr

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        argv: Arguments without the program's name; those of the process if None.

    Returns:
        0; 1 where a user's mistake ended the command, whose line is on the standard error; or 130 after Ctrl-C.

    Raises:
        SystemExit: With 2, where the arguments are not those of a command.
    """
    quiet_tensorflow()
    # Memory that TensorFlow keeps from step to step, in place of giving it back to the system, is a fifth of a training
    # step's time on a CPU.
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    after_interrupt = "start the command again"
    try:
        arguments = parse(argv)
        after_interrupt = arguments.after_interrupt
        log_to_stderr()
        logging.getLogger("emotion_tf").setLevel(_level(arguments))
        return arguments.run(arguments)
    except KeyboardInterrupt:
        print(f"emotion-tf: stopped; {after_interrupt}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Who reads what is printed has read enough, as `head` does. Python flushes once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        line = _line(error)
        if line is None:
            raise
        logging.getLogger(__name__).debug("where it happened:", exc_info=error)
        print(f"emotion-tf: {line}", file=sys.stderr)
        return 1


def _level(arguments: argparse.Namespace) -> int:
    """What of the log is shown."""
    if arguments.quiet:
        return logging.WARNING
    return logging.DEBUG if arguments.verbose else logging.INFO


def _line(error: Exception) -> str | None:
    """The one line that tells of a mistake of the user; None for a mistake of ours."""
    if isinstance(error, EmotionTFError):
        return str(error)
    if isinstance(error, OSError):
        # A full disk, a folder that cannot be written: the system's own words.
        # Of two files, the second is the one that was being written.
        name = error.filename2 or error.filename
        return f"{error.strerror or error}{f': {name}' if name else ''}"
    # TensorFlow says the same in exceptions of its own, which are known only once it is imported.
    if type(error).__module__.startswith("tensorflow"):
        # Before its words it names the node of a graph, which nobody has seen.
        return re.sub(r"^{{.*?}} ", "", str(error)).splitlines()[0]
    return None
