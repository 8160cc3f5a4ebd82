"""Exports a trained run to SavedModel and TFLite: `python export.py --help` lists the flags."""

import sys

from emotion_tf import cli


def main(argv: list[str]) -> int:
    """Runs `emotion-tf export` with these arguments and returns its exit code."""
    return cli.main(["export", *argv])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
