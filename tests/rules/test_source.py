# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading YAML as text with positions."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rules.source import Block, Document, Items, Room, Tree, read


def document(text: str) -> Document:
    return read(text.encode(), "a.yaml", Room())


@pytest.mark.parametrize(
    "written",
    [
        "17:30",
        "9:30",
        "24:00",
        "NO",
        "no",
        "on",
        "off",
        "yes",
        "y",
        "true",
        "2026-12-25",
        "2026-12-25T09:00:00",
        "0123",
        "0o17",
        "0x1F",
        "+31201234567",
        "5e12",
        "1.10",
        "1_000",
        ".inf",
        "=",
        "50%",
        "<95%",
        "env:X",
        "http://a/b",
        "O'Brien",
        "24h#",
        "1,5",
    ],
)
def test_every_value_stays_the_text_that_was_written(written: str):
    assert document(f"k: {written}").tree == {"k": written}
    assert document(f'k: "{written}"').tree == {"k": written}


def test_keys_stay_text_too():
    assert document("2026-12-31: a\non: b\nNO: c\n1: d").tree == {
        "2026-12-31": "a",
        "on": "b",
        "NO": "c",
        "1": "d",
    }


def test_each_key_value_and_item_has_its_position():
    tree = document("a: x\nb:\n  - é: 1\n  - [p,  q]\n").tree
    assert isinstance(tree, Block)
    items = tree["b"]
    assert isinstance(items, Items)
    first, second = items
    assert isinstance(first, Block)
    assert isinstance(second, Items)
    assert tree.keys_at == {"a": (1, 1), "b": (2, 1)}
    assert tree.values_at["a"] == (1, 4)
    assert items.values_at == [(3, 5), (4, 5)]
    assert first.values_at == {"é": (3, 8)}
    assert second.values_at == [(4, 6), (4, 10)]


def test_columns_count_characters_also_after_odd_line_breaks():
    tree = document("a: 'x\u2028y'\nb: 1\r\nc: 2\rd: 3").tree
    assert isinstance(tree, Block)
    assert tree.keys_at == {"a": (1, 1), "b": (2, 1), "c": (3, 1), "d": (4, 1)}


def test_block_text_loses_its_last_line_break():
    assert document("a: >\n  one\n  two\nb: |\n  one\n  two\n").tree == {
        "a": "one two",
        "b": "one\ntwo",
    }


def test_all_duplicates_are_told_and_the_first_stays():
    read_document = document("a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n")
    assert read_document.tree == {"a": "1", "b": {"c": "1"}}
    assert [str(problem) for problem in read_document.problems] == [
        "a.yaml:2:1 STP017 a: is given twice; first at 1:1",
        "a.yaml:3:11 STP017 b.c: is given twice; first at 3:5",
        "a.yaml:4:1 STP017 a: is given twice; first at 1:1",
    ]


def test_what_could_not_be_used_is_left_out_and_remembered():
    tree = document("a: &x 1\nb: *x\nc: !!int 1\nd: ~\n").tree
    assert isinstance(tree, Block)
    assert tree == {"a": "1"}
    assert set(tree.keys_at) == {"a", "b", "c", "d"}
    assert tree.harmed


def test_half_a_file_is_not_used():
    read_document = document("a: 1\nb: [1\n")
    assert read_document.tree is None
    assert not read_document.complete


def plain(tree: Tree | None) -> object:
    if isinstance(tree, Block):
        return {key: plain(value) for key, value in tree.items()}
    if isinstance(tree, Items):
        return [plain(value) for value in tree]
    return tree


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1)
trees = st.recursive(
    texts,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(texts, inner, min_size=1, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(texts, trees, min_size=1, max_size=5))
def test_what_a_writer_writes_is_read_back(tree: dict[str, object]):
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    stream = StringIO()
    yaml.dump(tree, stream)
    found = document(stream.getvalue())
    if "<<" not in str(tree) and not found.problems:
        assert plain(found.tree) == tree
    else:
        assert {problem.code for problem in found.problems} <= {"STP010", "STP016"}
