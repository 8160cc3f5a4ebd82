"""The fenced blocks of the documentation, and the commands that the shell makes of them."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

STUBS = """\
record() { printf '%s\\0' "$@" >> "$COMMANDS"; printf '\\n\\0' >> "$COMMANDS"; }
emotion-tf() { record emotion-tf "$@"; }
python() { record python "$@"; }
pip() { record pip "$@"; }
make() { record make "$@"; }
srun() { record srun "$@"; }
curl() { cat > /dev/null; record curl "$@"; }
docker() { record docker "$@"; }
tensorflow_model_server() { record tensorflow_model_server "$@"; }
set -euo pipefail
"""
"""Shell functions that note with what arguments a program would be called."""


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        page: The file that holds it.
        line: Number of the line of its opening fence.
        language: What stands behind the fence.
        text: The lines between the fences.
        note: Why it is not run here, or "". It stands above the block as `<!-- not run: REASON -->` or
            `<!-- tested: WHERE -->`.
    """

    page: Path
    line: int
    language: str
    text: str
    note: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    fence, language, start, note = "", "", 0, ""
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if fence and stripped == fence:
            found.append(Block(page, start, language, "\n".join(lines[start : number - 1]) + "\n", note))
            fence, note = "", ""
        elif not fence and (opening := re.match(r"(`{3,})\s*(\S*)", stripped)):
            fence, language, start = opening[1], opening[2], number
        elif not fence and stripped:
            comment = re.fullmatch(r"<!-- (not run|tested): (.+) -->", stripped)
            note = comment[2] if comment else ""
    assert not fence, f"{page} ends inside a block"
    return found


def commands(block: Block, folder: Path) -> list[list[str]]:
    """The words of every command of a shell block, as bash itself expands them.

    Args:
        block: A block of the language bash.
        folder: Where the block would be run; programs of the system that it calls are run there.
    """
    record = folder / ".commands"
    record.unlink(missing_ok=True)
    record.touch()
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "COMMANDS": str(record), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", STUBS + block.text], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{block}: {done.stderr}"
    words = record.read_text(encoding="utf-8").split("\0")
    found: list[list[str]] = [[]]
    for word in words[:-1]:
        if word == "\n":
            found.append([])
        else:
            found[-1].append(word)
    return found[:-1]
