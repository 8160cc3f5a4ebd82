"""LiteRT.js is fetched once, is what the lock file pins, and what hinders it is said."""

import json
import re

import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.webdemo import litertjs as module
from emotion_tf.webdemo.assembly import LITERTJS_FILES
from emotion_tf.webdemo.litertjs import NPM, litertjs


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("EMOTION_TF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fake_npm(folder, monkeypatch, script):
    """Puts a program of the name npm first on the path."""
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_lock_file_pins_every_package_and_names_no_registry():
    text = (NPM / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: pinned for name, pinned in json.loads(text)["packages"].items() if name}
    assert {re.sub("^node_modules/", "", name) for name in packages} == {"@litertjs/core", "@litertjs/wasm-utils"}
    assert all(re.fullmatch(r"sha512-[\w+/]{86}==", pinned["integrity"]) for pinned in packages.values())
    assert "://" not in text


def test_packages_hold_what_the_page_loads(packages):
    assert [name for name in LITERTJS_FILES if not (packages / name).is_file()] == []


def test_what_was_fetched_is_kept(cache, tmp_path, monkeypatch):
    fake_npm(tmp_path, monkeypatch, "mkdir -p node_modules/@litertjs/core")
    assert (litertjs() / "core").is_dir()
    fake_npm(tmp_path, monkeypatch, "exit 1")
    assert (litertjs() / "core").is_dir()


def test_package_that_is_not_the_pinned_one_is_refused(packages, cache, tmp_path, monkeypatch):
    """`packages` has shown that npm works and reaches its registry."""
    forged = tmp_path / "npm"
    forged.mkdir()
    for path in NPM.iterdir():
        text = re.sub(r"sha512-..", "sha512-AA", path.read_text(encoding="utf-8"))
        (forged / path.name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "NPM", forged)
    # Without npm's own cache, since a package whose sum is another is sought anew.
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    with pytest.raises(EmotionTFError, match="npm cannot fetch LiteRT.js.*To fix:"):
        litertjs()
    assert list(cache.iterdir()) == []


def test_failure_of_npm_is_told_in_its_words(cache, tmp_path, monkeypatch):
    fake_npm(tmp_path, monkeypatch, "echo 'npm error code ENOTFOUND' >&2; exit 1")
    with pytest.raises(EmotionTFError, match=r"cannot fetch LiteRT.js \(code ENOTFOUND\).*copy .*litertjs-2"):
        litertjs()
    assert list(cache.iterdir()) == []


def test_missing_npm_is_said(cache, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmotionTFError, match="npm, which fetches LiteRT.js, is not installed.*install Node.js"):
        litertjs()
