"""A search among settings over several corpora at once, by speakers of the training parts alone."""

import csv
import dataclasses
import io
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora import folds
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels, refuse_without_classes
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.result import RunResult
from emotion_tf.training import train
from emotion_tf.tuning.space import Dimension
from emotion_tf.utils.files import records_dir_of, write_json, write_text
from emotion_tf.utils.locks import locked
from emotion_tf.utils.paths import RemotePath

logger = logging.getLogger(__name__)

STUDY = "emotion-tf"


def tune(
    corpora: Sequence[Corpus],
    config: Config,
    space: Sequence[Dimension],
    protocols: Mapping[str, str],
    workdir: str | Path,
    trials: int = 30,
    inner: int = 3,
    records_dir: str | Path | RemotePath | None = None,
    seed: int = 0,
) -> Config:
    """Searches settings, or goes on where a search was stopped.

    Of each corpus, the test speakers of fold 0 of its protocol are put aside first; no trial reads them. The others are
    divided into `inner` parts by speaker, and a trial is a run of `training.train` over these parts. Its score is the
    mean over the corpora of the UA. The first trial is the settings that the search starts from.

    Args:
        corpora: One corpus or more, of different names.
        config: The settings that the search starts from.
        space: What may change.
        protocols: By the name of a corpus, the protocol whose test part stays unread.
        workdir: The folder; it gets `study.db`, Optuna's store, `trials.csv`, `held_out.json`, `best.toml`, which
            `--config` reads, and a folder a trial with its predictions.
        trials: Number of trials in all, those of earlier calls among them.
        inner: Number of parts.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.
        seed: Seed of the search.

    Returns:
        The settings of the best trial.

    Raises:
        EmotionTFError: If optuna is not installed, there is nothing to search, another process searches there, or as
            for `training.train`.

    Reference:
        Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019.
    """
    optuna = _optuna()
    if not space:
        raise EmotionTFError("there is nothing to search", expected="one setting or more")
    workdir = Path(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    kept, held_out = _without_test(corpora, config, protocols)
    _check_same(workdir, config, space, held_out, inner)
    with locked(workdir / ".lock", lambda: _refuse(workdir)):
        study = optuna.create_study(
            storage=f"sqlite:///{workdir.absolute() / 'study.db'}",
            study_name=STUDY,
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            load_if_exists=True,
        )
        _take_up(optuna, study, config, space)
        done = sum(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.trials)
        records = records_dir_of(workdir, records_dir)

        def score(trial: Any) -> float:
            changes = [f"{dimension.setting}={_suggested(trial, dimension)}" for dimension in space]
            logger.info("trial %d of %d: %s", trial.number + 1, trials, ", ".join(changes))
            chosen = config.override(*changes)
            folder = workdir / f"trial-{trial.number}"
            found = {corpus.name: _run(corpus, chosen, folder / corpus.name, inner, records).ua for corpus in kept}
            trial.set_user_attr("ua", found)
            return float(np.mean(list(found.values())))

        study.optimize(
            score, n_trials=max(0, trials - done), callbacks=[lambda study, _: _write(workdir, study, config, space)]
        )
        return _write(workdir, study, config, space)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise EmotionTFError("a search needs the package optuna", fix="pip install 'emotion-tf[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _refuse(workdir: Path) -> None:
    raise EmotionTFError(
        f"another process searches in {workdir}", fix="wait until it has ended, or name another folder"
    )


def _without_test(
    corpora: Sequence[Corpus], config: Config, protocols: Mapping[str, str]
) -> tuple[list[Corpus], dict[str, list[str]]]:
    """The corpora without the utterances that are put aside, and the ids of these."""
    kept, held_out = [], {}
    for corpus in corpora:
        chosen, own = choose_labels(corpus, dataclasses.replace(config, labels=corpus.chosen or config.labels))
        refuse_without_classes(own, "a search of settings")
        assignment = folds.assign(chosen.utterances, protocols[corpus.name], own.training.fold_seed)
        aside = {utterance.speaker for utterance in chosen.utterances if assignment[utterance.id] == 0}
        if folds.leaks_speakers(protocols[corpus.name]):
            # A speaker may be in the test part and elsewhere: then utterances are put aside.
            rest = tuple(utterance for utterance in chosen.utterances if assignment[utterance.id] != 0)
        else:
            rest = tuple(utterance for utterance in chosen.utterances if utterance.speaker not in aside)
        ids = {utterance.id for utterance in rest}
        held_out[corpus.name] = [utterance.id for utterance in chosen.utterances if utterance.id not in ids]
        kept.append(dataclasses.replace(chosen, utterances=rest))
    return kept, held_out


def _check_same(
    workdir: Path, config: Config, space: Sequence[Dimension], held_out: dict[str, list[str]], inner: int
) -> None:
    """Writes what a search is, or refuses to go on with another one."""
    asked = {
        "settings": config.as_dict(),
        "space": [dataclasses.asdict(dimension) for dimension in space],
        "inner": inner,
        "held_out": held_out,
    }
    path = workdir / "held_out.json"
    if not path.exists():
        write_json(path, asked)
    elif json.loads(path.read_text(encoding="utf-8")) != json.loads(json.dumps(asked)):
        raise EmotionTFError(
            f"{workdir} holds another search",
            expected="the same corpora, settings, ranges and parts",
            fix="choose another --workdir, or delete this one",
        )


def _take_up(optuna: Any, study: Any, config: Config, space: Sequence[Dimension]) -> None:
    """Asks for the settings at the start, and once more for a trial that was stopped."""
    for trial in study.trials:
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            study.enqueue_trial(trial.params)
    if not study.trials:
        start = {dimension.setting: dimension.holds(config) for dimension in space}
        study.enqueue_trial({name: value for name, value in start.items() if value is not None})


def _suggested(trial: Any, dimension: Dimension) -> str:
    """What a trial takes for a setting, as `Config.override` reads it."""
    name = dimension.setting
    if dimension.choices:
        return trial.suggest_categorical(name, dimension.choices)
    if dimension.whole:
        return str(trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.logarithmic))
    return repr(trial.suggest_float(name, dimension.low, dimension.high, log=dimension.logarithmic))


def _run(corpus: Corpus, config: Config, folder: Path, inner: int, records: Path | RemotePath) -> RunResult:
    """What a trial reaches on one corpus; of the run, the predictions and figures are kept."""
    own = dataclasses.replace(config, labels=corpus.chosen or config.labels)
    result = train(corpus, own, f"speaker-kfold:{inner}", folder, records)
    keras.utils.clear_session()
    for part in (folder / "model", *folder.glob("fold_*/model")):
        shutil.rmtree(part, ignore_errors=True)
    return result


def _write(workdir: Path, study: Any, config: Config, space: Sequence[Dimension]) -> Config:
    """Writes what was tried and what is best."""
    finished = [trial for trial in study.trials if trial.value is not None]
    if not finished:
        raise EmotionTFError(f"no trial in {workdir} has ended", fix="ask for one trial or more")
    names = [dimension.setting for dimension in space]
    corpora = list(dict.fromkeys(name for trial in finished for name in trial.user_attrs.get("ua", {})))
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["trial", "score", *(f"ua {name}" for name in corpora), *names])
    for trial in sorted(finished, key=lambda trial: -trial.value):
        of_corpora = [trial.user_attrs.get("ua", {}).get(name) for name in corpora]
        table.writerow([trial.number, trial.value, *of_corpora, *(trial.params.get(name) for name in names)])
    write_text(workdir / "trials.csv", text.getvalue())
    changes = [f"{name}={value}" for name, value in study.best_trial.params.items()]
    write_text(workdir / "best.toml", _toml(study.best_trial.params, study.best_value, len(finished), corpora))
    return config.override(*changes)


def _toml(params: Mapping[str, Any], score: float, trials: int, corpora: Sequence[str]) -> str:
    """Settings as `--config` reads them, and what chose them."""
    lines = [
        f"# The best of {trials} trials by the UA on dev speakers of {', '.join(corpora)}, on average {score:.4f}.",
        "# No test speaker was read.",
    ]
    sections: dict[str, list[str]] = {}
    for name, value in params.items():
        section, _, own = name.partition(".")
        shown = '"null"' if value == "null" else value if isinstance(value, str) else json.dumps(value)
        sections.setdefault(section, []).append(f"{own} = {shown}")
    for section, own_lines in sections.items():
        lines += ["", f"[{section}]", *own_lines]
    return "\n".join(lines) + "\n"
