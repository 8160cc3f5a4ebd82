"""`emotion-tf webdemo`: a model in the browser."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.utils.own_folder import check_own_folder

HELP = "show a model in the browser, where it runs on this machine alone, or write the page that does"
EXAMPLE = "--model export/demo"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument("--model", type=Path, required=True, metavar="EXPORT", help="the folder of an export")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write the page there, for any web server to serve, and return"
    )
    parser.add_argument("--port", type=int, default=8000, help="where the page is shown; 0 takes any that is free")


def run(arguments: argparse.Namespace) -> int:
    """Shows or writes the page."""
    flags.check_model(arguments)
    if arguments.out is not None:
        check_own_folder(arguments.out, "page")
    from emotion_tf import webdemo

    if arguments.out is None:
        webdemo.demo(arguments.model, port=arguments.port)
        return 0
    webdemo.build(arguments.model, arguments.out)
    print(f"page: {arguments.out / 'index.html'}; python -m http.server --directory {arguments.out} shows it")
    return 0
