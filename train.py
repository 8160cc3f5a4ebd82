"""Trains and evaluates: `python train.py --help` lists the flags."""

import sys

from emotion_tf import cli


def main(argv: list[str]) -> int:
    """Runs `emotion-tf train` with these arguments and returns its exit code."""
    return cli.main(["train", *argv])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
