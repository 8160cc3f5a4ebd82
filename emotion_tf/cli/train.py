"""`emotion-tf train`: a whole run."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags, run_file
from emotion_tf.cli.checks import check_folds, check_inputs, check_protocol, check_workdir
from emotion_tf.cli.results import print_result
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.recipes import check_taken_over, fine_tuning, preset
from emotion_tf.utils.files import file_digest, records_dir_of, write_text

DEFAULT_PRESET = "paper"

HELP = "train and test every fold of a protocol"
EXAMPLE = "--corpus demo --preset demo --protocol speaker-kfold:4 --workdir runs/demo"
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_corpus_flags(parser)
    flags.add_test_corpus_flag(parser)
    flags.add_preset_flag(parser)
    parser.set_defaults(preset=None)  # with --init there is none
    parser.add_argument(
        "--init",
        metavar="MODEL",
        help="go on from the weights of this model: a run, an export, a .keras file or a ready one; front end, "
        "words and network are its own, and the recipe is that for few data",
    )
    flags.add_setting_flags(parser)
    flags.add_protocol_flag(parser)
    flags.add_folds_flag(parser)
    parser.add_argument(
        "--workdir", type=Path, required=True, metavar="FOLDER", help="the run's folder; a stopped run goes on"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="SEED",
        help="train with each of these seeds, in folders seed-N of the workdir, and pool them",
    )
    flags.add_records_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Trains."""
    preset_name, base, init = _base(arguments)
    asked = base.override(*flags.changes_of(arguments))
    if init is not None:
        check_taken_over(base, asked)
    protocol = flags.protocol_of(arguments)
    check_protocol(protocol)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpora = [*arguments.corpus, *arguments.test_corpus]
    corpus, config = flags.corpus_of(corpora, arguments, records_dir, asked)
    check_inputs(corpus, config, arguments.skip_bad)
    check_folds(corpus, protocol, config, arguments.folds)
    runs = _runs(arguments)
    for workdir, changes in runs:
        own = config.override(*changes)
        check_workdir(workdir, corpus, protocol, own, None if init is None else file_digest(init))
    # Only now is TensorFlow worth waiting for.
    from emotion_tf import training

    for workdir, changes in runs:
        run_file.write(workdir, arguments, preset_name, base, asked.override(*changes))
        own = config.override(*changes)
        folds, skip_bad = arguments.folds, arguments.skip_bad
        result = training.train(corpus, own, protocol, workdir, records_dir, skip_bad, folds, init=arguments.init)
        print_result(result, workdir)
    # A table has figures of classes alone.
    if arguments.seeds is not None and config.labels.classes != ():
        from emotion_tf import evaluation

        pooled = evaluation.render(evaluation.collate([arguments.workdir]), "markdown")
        write_text(arguments.workdir / "seeds.md", pooled)
        print(pooled, end="")
    return 0


def _runs(arguments: argparse.Namespace) -> list[tuple[Path, list[str]]]:
    """The folder of each run, and what changes in it."""
    if arguments.seeds is None:
        return [(arguments.workdir, [])]
    if len(set(arguments.seeds)) < len(arguments.seeds):
        raise EmotionTFError("--seeds names a seed twice", received=" ".join(map(str, arguments.seeds)))
    if (arguments.workdir / "config.json").exists():
        raise EmotionTFError(f"{arguments.workdir} holds a run of one seed", fix="choose another --workdir")
    from emotion_tf.evaluation.run import SEED_OF

    return [(arguments.workdir / f"{SEED_OF}{seed}", [f"training.seed={seed}"]) for seed in arguments.seeds]


def _base(arguments: argparse.Namespace) -> tuple[str | None, Config, Path | None]:
    """The preset and its settings; or those of a model from which training goes on, and its file."""
    if arguments.init is None:
        name = arguments.preset or DEFAULT_PRESET
        return name, preset(name), None
    if arguments.preset is not None:
        raise EmotionTFError(
            "a model from which training goes on brings its settings",
            received=f"--init and --preset {arguments.preset}",
            fix="leave out --preset, and change the recipe with --set",
        )
    from emotion_tf.inference.bundle import ModelBundle
    from emotion_tf.inference.loading import keras_file

    file = keras_file(arguments.init)
    return None, fine_tuning(ModelBundle.read(file).config), file
