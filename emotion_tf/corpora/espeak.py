"""A script that speaks sentences with eSpeak NG: reads its orders from standard input, writes WAV files.

eSpeak NG carries state from one sentence to the next for the life of a process, even across a restart of the library.
Only a fresh process says the same sentences with the same samples, so `demo` runs this file as a child of its own. The
child needs the standard library alone.

The orders are JSON: `library` and `data`, the paths of eSpeak NG; `rate`, the sample rate expected; and `lines`, a list
of objects with `path`, `text`, `voice` and the parameters of speech that `PARAMETERS` names.
"""

import ctypes
import json
import sys
import wave

# Values of the enumerations in eSpeak NG's speak_lib.h.
SYNCHRONOUS = 2
POSITION_IN_CHARACTERS = 1
TEXT_IS_UTF_8 = 1
PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "pitch_range": 4, "word_gap": 7}

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def start(library_path: str, data_path: str, rate: int) -> ctypes.CDLL:
    """Loads the library and readies it for synchronous speech at `rate` samples a second."""
    library = ctypes.CDLL(library_path)
    # Without prototypes ctypes would pass the sizes and the seed as 32-bit integers.
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
    library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,  # text
        ctypes.c_size_t,  # its size in bytes, with the closing zero
        ctypes.c_uint,  # where to begin
        ctypes.c_int,  # the unit of the latter
        ctypes.c_uint,  # where to end; 0 means at the end of the text
        ctypes.c_uint,  # flags
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    started = library.espeak_Initialize(SYNCHRONOUS, 0, data_path.encode(), 0)
    if started != rate:
        raise RuntimeError(f"eSpeak NG starts with {started} samples a second instead of {rate}")
    return library


def speak(library: ctypes.CDLL, line: dict) -> bytes:
    """Says one line.

    Returns:
        Mono samples of 16 bits, in the byte order of the machine.
    """
    if library.espeak_SetVoiceByName(line["voice"].encode()) != 0:
        raise RuntimeError(f"eSpeak NG has no voice {line['voice']}")
    for name, number in PARAMETERS.items():
        library.espeak_SetParameter(number, line[name], 0)
    library.espeak_ng_SetRandSeed(1)
    samples = bytearray()

    @CALLBACK
    def receive(chunk, count, events) -> int:
        if chunk and count > 0:
            samples.extend(ctypes.string_at(chunk, count * ctypes.sizeof(ctypes.c_short)))
        return 0

    library.espeak_SetSynthCallback(receive)
    text = line["text"].encode()
    library.espeak_Synth(text, len(text) + 1, 0, POSITION_IN_CHARACTERS, 0, TEXT_IS_UTF_8, None, None)
    if not samples:
        raise RuntimeError(f"eSpeak NG says nothing for {line['text']!r}")
    return bytes(samples)


def main() -> None:
    """Reads the orders and carries them out."""
    orders = json.load(sys.stdin)
    library = start(orders["library"], orders["data"], orders["rate"])
    for line in orders["lines"]:
        samples = speak(library, line)
        with wave.open(line["path"], "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(orders["rate"])
            file.writeframes(samples)


if __name__ == "__main__":
    main()
