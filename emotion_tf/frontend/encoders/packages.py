"""Weights that installed Python packages carry, found without importing the packages."""

import importlib.metadata
from pathlib import Path

from emotion_tf.frontend.encoders.registry import PackageSource


def find_in_packages(source: PackageSource) -> tuple[Path, ...] | None:
    """The files of a checkpoint in installed packages.

    Args:
        source: The distributions and their files. None of their code is run.

    Returns:
        The parts in their order; None where a distribution or its file is missing.
    """
    paths = []
    for distribution, file in source.files:
        try:
            path = Path(str(importlib.metadata.distribution(distribution).locate_file(file.path)))
        except importlib.metadata.PackageNotFoundError:
            return None
        if not path.is_file():
            return None
        paths.append(path)
    return tuple(paths)
