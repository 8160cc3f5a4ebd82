"""Flags that several commands share, and what they mean."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError, did_you_mean
from emotion_tf.ready import READY, default_model, ready_model
from emotion_tf.recipes import PRESETS, preset
from emotion_tf.utils.files import records_dir_of
from emotion_tf.utils.paths import RemotePath, as_path

if TYPE_CHECKING:
    from emotion_tf.audio.channels import Channels
    from emotion_tf.corpora import Corpus

RESUMES = "the same command goes on where this one was"
"""What a command says after Ctrl-C that keeps what is finished."""

NOTHING_WRITTEN = "nothing was written; start the command again"
"""What a command says that writes all or nothing."""


def add_corpus_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say which corpus is read, and how."""
    from emotion_tf.corpora import NAMES

    parser.add_argument(
        "--corpus",
        required=True,
        nargs="+",
        type=_corpus,
        metavar="CORPUS",
        help=f"the corpus: {', '.join(NAMES)}; or several, as NAME=FOLDER each; a table is a manifest of any name",
    )
    parser.add_argument(
        "--data-dir",
        type=as_path,
        metavar="FOLDER",
        help="where the corpus lies; for manifest the file itself, which may be a URL",
    )
    add_columns_flag(parser)
    parser.add_argument(
        "--labels",
        metavar="SET",
        help="a named choice of the corpus among its emotions, such as four, or all; without it, the four of the paper "
        "where the corpus has them, and every class of a manifest",
    )
    parser.add_argument(
        "--groups",
        nargs="+",
        default=[],
        metavar="NAME",
        help="groups that the report must compare, such as sex, age or any column of a manifest",
    )
    add_transcript_flags(parser, default="reference")
    parser.add_argument("--skip-bad", action="store_true", help="leave out, and list, audio that cannot be read")


def _corpus(text: str) -> str:
    """A corpus of `--corpus`: a name, or NAME=FOLDER."""
    from emotion_tf.corpora import NAMES
    from emotion_tf.corpora.table import TABLE_SUFFIXES

    name, equals, place = text.partition("=")
    if equals and not (name.strip() and place.strip()):
        raise argparse.ArgumentTypeError(f"expected such as nemo=FOLDER, received {text!r}")
    if not equals and name not in NAMES:
        is_table = Path(name).suffix.lower() in TABLE_SUFFIXES
        hint = f"a table has a name before it, such as mine={name}" if is_table else did_you_mean(name, NAMES)
        raise argparse.ArgumentTypeError(
            f"invalid choice: {name!r} (choose from {', '.join(NAMES)}){hint and f'; {hint}'}"
        )
    return text


def places_of(corpora: Sequence[str], data_dir: Path | RemotePath | None) -> list[tuple[str, Path | RemotePath | None]]:
    """The name and the folder of each corpus of `--corpus`.

    Raises:
        EmotionTFError: If several are named without a folder each, or a folder is named twice.
    """
    pairs = [text.partition("=") for text in corpora]
    named = [text for text, (_, equals, _) in zip(corpora, pairs, strict=True) if equals]
    if named and data_dir is not None:
        raise EmotionTFError("the folder of the corpus is named twice", received=f"{named[0]} and --data-dir")
    if len(pairs) > 1 and data_dir is not None:
        raise EmotionTFError("--data-dir is for one corpus", fix="name each with its folder: --corpus NAME=FOLDER")
    return [(name, as_path(place) if equals else data_dir) for name, equals, place in pairs]


def add_columns_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names the columns of a manifest."""
    parser.add_argument(
        "--columns",
        type=_pairs,
        default={},
        metavar="NAME=COLUMN,...",
        help="what the columns of a manifest are called, such as audio=file,label=emotion,speaker=spk",
    )


def _pairs(text: str) -> dict[str, str]:
    """The columns of `--columns audio=file,label=emotion`."""
    pairs = {}
    for part in text.split(","):
        name, equals, column = part.partition("=")
        if not (equals and name.strip() and column.strip()):
            raise argparse.ArgumentTypeError(f"expected such as audio=file,label=emotion, received {part!r}")
        pairs[name.strip()] = column.strip()
    return pairs


def add_setting_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that make the settings, but for the preset."""
    parser.add_argument(
        "--word-vectors", metavar="FILE", help="GloVe, word2vec or fastText vectors as text, plain, .gz or in a .zip"
    )
    parser.add_argument(
        "--speaker-embeddings",
        metavar="ge2e|FILE",
        help="add a speaker embedding: computed, or from a Kaldi .scp or .ark or an .npz by utterance id",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="change one setting; repeatable; `emotion-tf settings` lists them",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="read flags and settings from a TOML file, such as the config.toml of a run; flags given here win",
    )
    parser.set_defaults(file_settings=())


def add_preset_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that chooses the settings of one run."""
    parser.add_argument(
        "--preset",
        default="paper",
        metavar="PRESET",
        choices=tuple(PRESETS),
        help="settings by name, `paper` if not given; `emotion-tf presets` lists them",
    )
    parser.add_argument("--modality", choices=("audio", "text", "both"), help="what the model hears and reads")


def add_test_corpus_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that tests on corpora that are not trained on."""
    parser.add_argument(
        "--test-corpus",
        nargs="+",
        default=[],
        type=_corpus,
        metavar="NAME=FOLDER",
        help="corpora to test on, in place of a protocol: all of --corpus is trained on, but for its dev speakers",
    )


def protocol_of(arguments: argparse.Namespace) -> str:
    """The protocol that the flags ask for.

    Raises:
        EmotionTFError: If corpora to test on and another protocol are named.
    """
    if not arguments.test_corpus:
        return arguments.protocol
    names = "+".join(text.partition("=")[0] for text in arguments.test_corpus)
    protocol = f"cross-corpus:{names}"
    if arguments.protocol not in (None, "cross-corpus", protocol):
        raise EmotionTFError(
            "--test-corpus is a protocol of its own", received=arguments.protocol, fix="leave out --protocol"
        )
    if arguments.folds is not None:
        raise EmotionTFError("--test-corpus needs no folds", fix="leave out --folds")
    return protocol


def add_protocol_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that says what is tested on whom."""
    parser.add_argument(
        "--protocol",
        required=True,
        help="what is tested on whom: speaker-kfold:K, leave-one-speaker-out, leave-one-session-out, published-split, "
        "or random:K, in which speakers leak",
    )


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say what is trained: on which corpus, by which settings, tested on whom."""
    add_corpus_flags(parser)
    add_preset_flag(parser)
    add_setting_flags(parser)
    add_protocol_flag(parser)


def add_folds_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names folds which are not drawn anew."""
    parser.add_argument(
        "--folds",
        type=Path,
        metavar="FILE|emobox:FOLDER",
        help="the folds.json of another run, to test on its folds, or the published folds of EmoBox",
    )


def add_workdir_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names a finished run."""
    parser.add_argument("--workdir", type=Path, required=True, metavar="RUN", help="the run's folder")


def add_records_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that says where features are kept."""
    parser.add_argument(
        "--records-dir",
        type=Path,
        metavar="FOLDER",
        help="where features are kept; `records` beside the workdir if not given",
    )


def add_corpus_of_run_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that find the corpus of a finished run again."""
    add_workdir_flag(parser)
    add_corpus_place_flags(parser)


def add_corpus_place_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say where a corpus lies whose name is known."""
    parser.add_argument("--data-dir", type=as_path, metavar="FOLDER", help="where the corpus lies, if not where it did")
    add_columns_flag(parser)
    add_records_flag(parser)


def add_transcript_flags(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The flags that say whose transcripts are read."""
    from emotion_tf.asr import ENGINES

    parser.add_argument(
        "--transcripts",
        default=default,
        choices=("reference", *ENGINES),
        help="whose transcripts are read; those of a recogniser are made by prepare --transcribe",
    )
    add_engine_model_flag(parser)


def add_engine_model_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that chooses among the models of a recogniser."""
    parser.add_argument(
        "--engine-model", metavar="NAME|FOLDER", help="the recogniser's model, where it has a choice of them"
    )


def add_model_flag(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """The flag that names a trained model."""
    parser.add_argument(
        "--model",
        required=required,
        metavar="MODEL",
        help="a ready model (speech, student), an export, a run's folder, a SavedModel, a .tflite or a .keras"
        + ("" if required else "; with --server the served model's name; without it, the best ready model"),
    )


def add_server_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names a server in place of a model's files."""
    parser.add_argument(
        "--server",
        metavar="ADDRESS",
        help="ask `emotion-tf serve` at http://HOST:PORT, or TensorFlow Serving there by REST or at HOST:PORT by gRPC",
    )


def add_channel_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say what of a recording is heard."""
    parser.add_argument(
        "--channel",
        type=_channel,
        default="mean",
        metavar="N|mean|each",
        help="the channel that is heard: its number, from 1 on; mean, if not given; or each, with an answer a channel",
    )
    parser.add_argument(
        "--any-sound", action="store_true", help='name an emotion also where nobody speaks, in place of "undecided"'
    )


def _channel(text: str) -> "Channels":
    """The channel of `--channel 2`."""
    if text in ("mean", "each"):
        return cast("Channels", text)
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, mean or each, received {text!r}")
    return int(text)


def add_speaker_file_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that brings speaker embeddings from elsewhere."""
    parser.add_argument(
        "--speaker-embeddings",
        type=Path,
        metavar="FILE",
        help="a .scp, .ark or .npz by the files' names without suffix, for a model that was trained on such",
    )


def check_model(arguments: argparse.Namespace) -> None:
    """Chooses the ready model where none is named, and refuses one that is not there, before TensorFlow is imported.

    Raises:
        EmotionTFError: If the model that is named does not exist.
    """
    if getattr(arguments, "server", None) is not None:
        return
    if arguments.model is None:
        chosen, note = default_model()
        arguments.model = chosen.name
        if note:
            print(f"emotion-tf: {note}", file=sys.stderr)
    elif not Path(arguments.model).exists() and ready_model(arguments.model) is None:
        raise EmotionTFError(
            f"{arguments.model} does not exist",
            expected="a ready model, an export, a run's folder, a SavedModel, a .tflite or a .keras",
            fix=did_you_mean(str(arguments.model), READY),
        )


def check_audio(files: Iterable[str | Path]) -> None:
    """Refuses files that are not there.

    Raises:
        EmotionTFError: If one is missing.
    """
    for file in files:
        if not Path(file).exists():
            raise EmotionTFError(f"{file} does not exist", expected="an audio file, a folder or a manifest")


def config_of(arguments: argparse.Namespace, preset_name: str) -> Config:
    """The settings that a preset, a file and the flags ask for, each in place of what comes before."""
    return preset(preset_name).override(*changes_of(arguments))


def changes_of(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What a file and the flags change in settings, as `Config.override` takes it."""
    given = {
        "model.modality": getattr(arguments, "modality", None),
        "words.word_vectors": arguments.word_vectors,
        "speaker.embeddings": arguments.speaker_embeddings,
        "labels.set": arguments.labels,
    }
    flags = [f"{name}={json.dumps(value)}" for name, value in given.items() if value]
    return (*arguments.file_settings, *flags, *arguments.set)


def corpus_of(
    names: str | Sequence[str], arguments: argparse.Namespace, records_dir: Path | RemotePath, config: Config
) -> "tuple[Corpus, Config]":
    """The corpus with the classes of the settings and the transcripts that are asked for; and the settings.

    Args:
        names: One corpus or several, as `--corpus` has them.
        arguments: The other flags.
        records_dir: Where transcripts are kept.
        config: The settings.
    """
    from emotion_tf import corpora

    groups, rated = getattr(arguments, "groups", ()), config.labels.dimensions or ()
    places = places_of([names] if isinstance(names, str) else names, arguments.data_dir)
    if len(places) == 1 and places[0][0] in corpora.NAMES:
        # Columns that are named for another corpus than a manifest are an error of that corpus.
        whole = corpora.load(*places[0], arguments.columns, rated, groups)
        corpus, config = corpora.choose_labels(whole, config)
    else:
        corpus, config = corpora.load_several(places, config, arguments.columns, groups)
    corpora.check_groups(corpus.utterances, groups)
    if arguments.transcripts == "reference":
        return corpus, config
    if isinstance(records_dir, RemotePath):
        raise EmotionTFError(
            "transcripts are not kept behind a URL",
            expected="a local or mounted --records-dir",
            received=str(records_dir),
        )
    from emotion_tf import dataset

    utterances = dataset.with_transcripts(
        corpus.utterances, arguments.transcripts, records_dir / "transcripts", arguments.engine_model
    )
    return dataclasses.replace(corpus, utterances=utterances, transcripts=arguments.transcripts), config


def corpus_of_run(arguments: argparse.Namespace, run: dict[str, Any]) -> "Corpus":
    """The corpus of a finished run, with the transcripts of the run if no others are asked for.

    Args:
        arguments: The flags; without `--data-dir`, the corpus is where the run was trained on it.
        run: What `evaluation.read_run` says of the run.
    """
    from emotion_tf.cli import run_file
    from emotion_tf.corpora import NAMES

    if arguments.data_dir is None:
        place, columns = run_file.place_of(arguments.workdir)
        arguments.data_dir = None if place is None else as_path(place)
        arguments.columns = arguments.columns or ({} if columns is None else _pairs(columns))
    arguments.transcripts = arguments.transcripts or run["transcripts"]
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    names: str | list[str] = run["corpus"]
    if run["corpus"] not in NAMES:
        names = run_file.corpora_of(arguments.workdir)
    return corpus_of(names, arguments, records_dir, Config.from_dict(run["settings"]))[0]
