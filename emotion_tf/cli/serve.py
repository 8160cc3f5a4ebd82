"""`emotion-tf serve`: a model over HTTP."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags

HELP = "answer over HTTP, in TensorFlow Serving's REST protocol and to plain uploads"
EXAMPLE = "export/demo --port 8501"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="an export, a run's folder, a SavedModel, a .tflite or a .keras; a .tflite is run by LiteRT",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; 0.0.0.0 for other machines too")
    parser.add_argument("--port", type=int, default=8501, help="the port; 0 takes any that is free")
    parser.add_argument("--name", help="the model's name in the paths; that of its export's folder unless given")
    parser.add_argument("--max-mib", type=float, default=16, metavar="MIB", help="longest body of a request")
    parser.add_argument(
        "--queue", type=int, default=128, metavar="N", help="utterances under way; beyond, status 429 is answered"
    )
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="utterances that are computed together")
    parser.add_argument("--timeout", type=float, default=30, metavar="SECONDS", help="how long an answer may take")


def run(arguments: argparse.Namespace) -> int:
    """Serves."""
    flags.check_model(arguments)
    from emotion_tf import server

    limits = server.Limits(
        round(arguments.max_mib * 2**20), arguments.queue, arguments.timeout, batch_size=arguments.batch_size
    )
    server.serve(arguments.model, arguments.host, arguments.port, arguments.name, limits)
    return 0
