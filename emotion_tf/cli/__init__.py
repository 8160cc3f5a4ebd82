"""The command line: each command calls one library function with the same arguments."""

import logging
import os
import re
import sys
from collections.abc import Sequence

from emotion_tf.cli.parser import parse
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.progress import log_to_stderr


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        argv: Arguments without the program's name; those of the process if None.

    Returns:
        0, or 1 where a user's mistake ended the command; its line is on the standard error.
    """
    # TensorFlow's own remarks, on libraries registered twice and functions traced again, are none of the user's.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Memory that TensorFlow keeps from step to step, in place of giving it back to the system, is a fifth of a training
    # step's time on a CPU.
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    log_to_stderr()
    arguments = parse(argv)
    try:
        return arguments.command(arguments)
    except EmotionTFError as error:
        print(f"emotion-tf: {error}", file=sys.stderr)
    except OSError as error:
        # A full disk, a folder that cannot be written: the system's own words, without a traceback.
        # Of two files, the second is the one that was being written.
        name = error.filename2 or error.filename
        file = f": {name}" if name else ""
        print(f"emotion-tf: {error.strerror or error}{file}", file=sys.stderr)
    except Exception as error:
        # TensorFlow says the same in exceptions of its own, which are known only once it is imported.
        if not type(error).__module__.startswith("tensorflow"):
            raise
        # Before its words it names the node of a graph, which nobody has seen.
        print(f"emotion-tf: {re.sub(r'^{{.*?}} ', '', str(error)).splitlines()[0]}", file=sys.stderr)
    return 1
