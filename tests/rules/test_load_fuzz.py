# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the bytes: problems or a policy, never an exception, and never slow."""

import re
import sys
from datetime import date
from pathlib import Path
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from rules.lint import lint
from rules.load import load
from rules.source import Room, read
from tests.rules.files_of_rules import RULES, TODAY

STARTER = Path(__file__).parents[2] / "worker" / "starter"
FILES = [RULES, *(file.read_text(encoding="utf-8") for file in sorted(STARTER.glob("*.yaml")))]
WORDS = re.compile(r"[^\s:,\[\]{}]+")
SPICE = [
    *("{", "}", "[", "]", ": ", ", ", "- ", "\n", "\n  ", "\t", '"', "'", "#", "&a ", "*a", "!!x "),
    *("|", ">", "%", "~", "null", "everything", "any", "all", "not", "1d", "24", "0", "-1", ".inf"),
    *("2026-02-30", "9999-12-31", "0001-01-01", "env:X", "\xa0", "\u2028", "\x85", "\x00", "\r"),
    *(
        "é",
        "\uff11",
        "?",
        "<<",
        "tests:",
        "customers:",
        "{a: b}",
        "[a]",
        "mon-sun",
        "always",
        "999999h",
    ),
    *("100%", "0%", "5000 working days", "00:00-24:00", "30h before", "[]", '"\\uD800"', "1m"),
]
LINES = re.compile("\r\n|\r|\n")
SECONDS = 2.0 if sys.gettrace() is None else 8.0  # measuring coverage takes time of its own


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good file with some of its words and lines changed."""
    text = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(1, 5))):
        spice = draw(st.sampled_from(SPICE))
        match draw(st.sampled_from(["insert", "cut", "word", "swap"])):
            case "insert":
                at = draw(st.integers(0, len(text)))
                text = text[:at] + spice + text[at:]
            case "cut":
                at = draw(st.integers(0, len(text)))
                text = text[:at] + text[at + draw(st.integers(1, 40)) :]
            case "word" if found := list(WORDS.finditer(text)):
                word = draw(st.sampled_from(found))
                text = text[: word.start()] + spice + text[word.end() :]
            case _:
                lines = text.split("\n")
                one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[one], lines[other] = lines[other], lines[one]
                text = "\n".join(lines)
    return text


def check(files: dict[str, bytes]) -> None:
    lines = {name: len(LINES.split(raw.decode("utf-8", "replace"))) for name, raw in files.items()}
    begin = process_time()
    policy, problems = load(files)
    assert (policy is None) == bool(problems)
    assert problems == sorted(problems)
    for problem in problems:
        assert problem.level == "error"
        assert str(problem).isprintable()
        assert 1 <= problem.line <= lines.get(problem.file, 1)
        assert problem.column >= 1
    if policy is not None:
        lint(policy, TODAY)
        lint(policy, date(2100, 2, 28))
    assert process_time() - begin < SECONDS


@given(st.lists(mutated(), min_size=1, max_size=3))
def test_a_good_file_with_changes_never_raises(texts: list[str]):
    check({f"{n}.yaml": text.encode("utf-8", "replace") for n, text in enumerate(texts)})


@given(st.binary(max_size=300))
def test_random_bytes_never_raise(raw: bytes):
    check({"a.yaml": raw})


@given(st.text(alphabet="ab:{}[],-?!&*#|>%@`\"'\\ \n\t<=~0129.", max_size=120))
def test_random_punctuation_never_raises(text: str):
    check({"a.yaml": text.encode()})


def test_a_bomb_of_aliases_costs_nothing():
    levels = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    levels += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    check({"a.yaml": "\n".join(levels).encode()})


def test_thousands_of_brackets_are_one_problem():
    _, problems = load({"a.yaml": b"[" * 50_000})
    assert [problem.code for problem in problems] == ["STP010"]
    check({"a.yaml": b"[" * 50_000})


def test_a_hundred_kilobytes_of_mistakes_are_told_in_time():
    check({"a.yaml": b"abc: x\n" * 14_000})
    check(
        {
            "a.yaml": (
                "tiers:\n" + "".join(f"  t{n}: {{match: everything}}\n" for n in range(3_500))
            ).encode()
        }
    )


def test_a_folder_over_the_limit_is_refused():
    _, problems = load({"a.yaml": b"#" * 3_000_000, "b.yaml": b"#" * 3_000_000})
    assert [(problem.file, problem.code) for problem in problems][-1] == ("b.yaml", "STP010")


def test_too_many_values_are_refused():
    found = read(b"a: [" + b"1," * 100 + b"]", "a.yaml", Room(scalars=100))
    assert [problem.code for problem in found.problems] == ["STP010"]
