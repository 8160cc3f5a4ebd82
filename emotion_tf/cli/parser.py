"""The parser of `emotion-tf`, and the list of its commands."""

import argparse
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from emotion_tf import __version__
from emotion_tf.cli import (
    adapt,
    compare,
    cross,
    curve,
    distil,
    encoders,
    evaluate,
    explain,
    export,
    predict,
    prepare,
    presets,
    run_file,
    serve,
    settings,
    stress,
    table,
    timeline,
    train,
    tune,
    webdemo,
)
from emotion_tf.errors import did_you_mean

COMMANDS = (
    train,
    evaluate,
    export,
    adapt,
    distil,
    prepare,
    compare,
    cross,
    tune,
    curve,
    table,
    predict,
    timeline,
    explain,
    stress,
    serve,
    webdemo,
    presets,
    settings,
    encoders,
)
"""The modules of the commands, each named after its command.

Each has `HELP`, a line; `EXAMPLE`, its arguments in a call that is typical; `add_flags`, which takes a parser; and
`run`, which takes the arguments and returns the exit code. `AFTER_INTERRUPT` says how to go on after Ctrl-C.
"""

MANY = 20
"""More names than this are not listed where one is mistyped."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags of a command; with `--runner`, those that are not ours in `beam_options`."""
    argv = sys.argv[1:] if argv is None else argv
    arguments, others = make_parser().parse_known_args(argv or ["--help"])
    if getattr(arguments, "runner", None) is not None:
        arguments.beam_options = ("--runner", arguments.runner, *others)
    elif others:
        command: Parser = arguments.parser
        name = others[0].partition("=")[0]
        hint = did_you_mean(command.hyphenated(name), command.flags)
        command.error(f"unrecognized arguments: {' '.join(others)}{hint and f'; {hint}'}")
    return arguments


def make_parser() -> "Parser":
    """The parser; `run` of what it returns is the function to call."""
    parser = Parser(
        prog="emotion-tf",
        description="Speech emotion recognition from audio and words.",
        epilog="emotion-tf COMMAND --help lists the flags of a command.",
    )
    parser.add_argument("--version", action="version", version=f"emotion-tf {__version__}")
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        command = subcommands.add_parser(
            name,
            help=module.HELP,
            description=f"{module.HELP[0].upper()}{module.HELP[1:]}.",
            epilog=f"Example: emotion-tf {name} {module.EXAMPLE}",
        )
        module.add_flags(command)
        command.add_argument("--quiet", action="store_true", help="say nothing but results and what goes wrong")
        command.add_argument("--verbose", action="store_true", help="say where in the code something went wrong, too")
        after_interrupt = getattr(module, "AFTER_INTERRUPT", "start the command again")
        command.set_defaults(run=module.run, parser=command, after_interrupt=after_interrupt)
    return parser


class _Formatter(argparse.HelpFormatter):
    """Keeps names with hyphens in one piece."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        text = " ".join(text.split())
        return textwrap.fill(
            text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        )


class Parser(argparse.ArgumentParser):
    """A parser whose flags may be written with underscores, too, and which names what a mistyped word is nearest to."""

    def __init__(self, **options: Any):
        self.flags: list[str] = []
        self.by_destination: dict[str, argparse.Action] = {}
        super().__init__(**options, allow_abbrev=False, formatter_class=_Formatter)

    def add_argument(self, *names: str, **options: Any) -> argparse.Action:  # type: ignore[override]
        """As argparse does it; `flags` gets the names."""
        self.flags += [name for name in names if name.startswith("-")]
        action = super().add_argument(*names, **options)
        self.by_destination[action.dest] = action
        return action

    def hyphenated(self, argument: str) -> str:
        """`--data_dir=X` as `--data-dir=X` where that is a flag, and any other argument as it is."""
        flag, equals, value = argument.partition("=")
        listed = flag.replace("_", "-")
        return listed + equals + value if listed in self.flags else argument

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def, override]
        """What argparse does, after the flags of a `--config` file are put in front of the others."""
        if args is not None:
            args = [self.hyphenated(argument) for argument in args]
            if "--config" in self.flags:
                args = [*run_file.flags_of(self, args), *args]
            if "--test-corpus" in self.flags:
                # Corpora to test on stand for a protocol.
                names = {arg.partition("=")[0] for arg in args}
                self.by_destination["protocol"].required = "--test-corpus" not in names
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """One line, and exit code 2."""
        self.exit(2, f"{self.prog}: error: {message}\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse does it, but names the nearest of the choices, and only few of them all."""
        if action.choices is None or value in action.choices or value == []:
            return
        names = list(map(str, action.choices))
        what = "`emotion-tf presets`" if action.metavar == "PRESET" else "--help"
        all_names = ", ".join(names) if len(names) <= MANY else f"what {what} lists"
        hint = did_you_mean(str(value), names)
        raise argparse.ArgumentError(
            action, f"invalid choice: {value!r} (choose from {all_names}){hint and f'; {hint}'}"
        )
