"""Chromium on a page that is served on this machine, for the tests and for the README's picture."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emotion_tf.webdemo.server import HOST, listen

# Containers often run as root, under which Chromium's sandbox does not start. The microphone is one that beeps.
FLAGS = ("--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Starts the Chromium that is on the path."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium")
    if executable is None:
        raise FileNotFoundError("no chromium on the path; Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a page and gives its address."""
    with listen(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}/"
        server.shutdown()


@dataclass
class Visit:
    """A page that is open, and what the browser said and asked for meanwhile."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def choose(self, clip: Path | dict[str, Any]) -> None:
        self.page.get_by_label("Choose an audio file").set_input_files(clip)

    def analyse(self) -> dict[str, float]:
        """Presses the button and reads the scores."""
        self.page.get_by_role("button", name="Name the emotion").click()
        return self.scores()

    def scores(self) -> dict[str, float]:
        self.page.locator("#answer").wait_for()
        labels = self.page.locator("#scores li > span").all_inner_texts()
        scores = [score.get_attribute("value") for score in self.page.locator("#scores data").all()]
        return dict(zip(labels, map(float, scores), strict=True))


@contextlib.contextmanager
def visit(browser: Any, folder: Path, **context: Any) -> Iterator[Visit]:
    """Opens a page; once its model is loaded, the network is cut."""
    with served(folder) as address, contextlib.closing(browser.new_context(**context)) as opened:
        visit = Visit(opened.new_page(), address)
        visit.page.on("console", lambda message: message.type == "error" and visit.complaints.append(message.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        visit.page.goto(address)
        visit.page.locator("#status").wait_for(state="hidden")
        opened.set_offline(True)
        yield visit
