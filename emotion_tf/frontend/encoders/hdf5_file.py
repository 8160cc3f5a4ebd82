"""Checkpoints in HDF5, as KerasHub writes them."""

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.checkpoint import Checkpoint, Entry, PartedFile, checked_shape

SIGNATURE = b"\x89HDF\r\n\x1a\n"

DTYPES = {"<f4": "float32", "<f2": "float16", "<f8": "float64"}


def read_hdf5(file: PartedFile) -> Checkpoint:
    """The arrays of a file, none of which is read yet.

    Only arrays that stand in the file in one piece are listed, as Keras writes them; links out of it are not followed.

    Args:
        file: The file.

    Raises:
        EmotionTFError: If the file is truncated or damaged.
    """
    import h5py

    if len(file.paths) != 1:
        raise EmotionTFError(f"{file} are parts of an HDF5 file", expected="one file", fix="join them")
    entries = {}

    def add(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.str in DTYPES:
            offset = None if item.external else item.id.get_offset()
            if offset is not None:
                shape = checked_shape(map(int, item.shape), f"{file}, array {name},")
                entries[name] = Entry(DTYPES[item.dtype.str], shape, int(offset))

    try:
        with h5py.File(file.paths[0], "r") as opened:
            opened.visititems(add)
    except EmotionTFError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise EmotionTFError(f"{file} is truncated or damaged ({error})", fix="fetch it again") from None
    return Checkpoint(file, entries)
