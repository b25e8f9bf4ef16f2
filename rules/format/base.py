# SPDX-License-Identifier: GPL-3.0-or-later
"""How the models of the file format read a tree of text and report every mistake in it.

A model never stops at the first mistake. What is wrong is reported, cut out
of the tree, and the rest is read again, so that a slip in one target does not
hide an unknown name in the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from rules.duration import DurationError
from rules.format.messages import explain
from rules.policy import Where
from rules.source import START, Block, Items, Position, child

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import ErrorDetails

    from rules.problems import Problem
    from rules.source import Document, Tree

Path = tuple[str | int, ...]


class FormError(ValueError):
    """A text has another form than the format asks for."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code = code
        self.message = message
        self.hint = hint
        super().__init__(message)


class Form(BaseModel):
    """A block of the format. It remembers where it and its keys were written."""

    model_config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)

    _block: Block = PrivateAttr(default_factory=lambda: Block(START))

    @model_validator(mode="wrap")
    @classmethod
    def _remember(cls, value: object, handler: ModelWrapValidatorHandler[Form]) -> Form:
        if not isinstance(value, Block):
            return handler(value)
        value.known_keys = cls.keys()
        form = handler(value)
        form._block = value
        if not any(key not in value.known_keys for key in value.keys_at):
            form.check()  # with a key misspelt, what seems to be missing may be there
        return form

    @classmethod
    def stand_ins(cls) -> dict[str, Tree]:
        """What to read on with where a file lacks a key that it must have."""
        return {}

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys that may stand in this block, as written in files."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    def check(self) -> None:
        """Compare keys with each other.

        Raises:
            PydanticCustomError: the block as a whole is wrong.
            ValidationError: one of its keys is.
        """

    def wrote(self, key: str) -> bool:
        """Whether the key stands in the file, however wrong its value."""
        return key in self._block.keys_at

    def where(self, key: str | None = None) -> Where:
        """Where the value of a key stands, or the block itself."""
        at = self._block.place(key) if key else self._block.at
        return Where(self._block.file, *at)

    def places(self) -> dict[str, Where]:
        """Where the value of each key stands.

        Keys of inner blocks are named `outer.inner`, items of lists
        `outer.0`; `outer:` is where the key itself of an inner block or list
        stands. Blocks in lists know their own places.
        """
        found: dict[str, Where] = {}
        _gather_places(self._block, "", self._block.file, found)
        return found

    def key_place(self, key: str) -> Position:
        """Where a key stands, or the block itself."""
        return self._block.keys_at.get(key, self._block.at)

    def read_whole(self, *keys: str) -> bool:
        """Whether everything written under these keys could be read."""
        parts = [self._block.get(key) for key in keys if key in self._block.keys_at]
        return all(part is not None and not getattr(part, "harmed", False) for part in parts)

    @property
    def is_whole(self) -> bool:
        """Whether everything written in the block could be read."""
        return not self._block.harmed


def _gather_places(block: Block, prefix: str, file: str, found: dict[str, Where]) -> None:
    for key, value in block.items():
        name = prefix + key
        found[name] = Where(file, *block.values_at[key])
        if isinstance(value, str):
            continue
        found[f"{name}:"] = Where(file, *block.keys_at[key])
        if isinstance(value, Block):
            _gather_places(value, f"{name}.", file, found)
        else:
            for number, at in enumerate(value.values_at):
                found[f"{name}.{number}"] = Where(file, *at)


FormType = TypeVar("FormType", bound=Form)
Value = TypeVar("Value")


def wrong(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """The error of a value, to raise inside a validator."""
    # The message is a value of the context, not the template: admins' text may hold braces.
    return PydanticCustomError(
        "stipt", "{message}", {"code": code, "message": message, "hint": hint}
    )


def wrong_at(*errors: tuple[Path, PydanticCustomError]) -> ValidationError:
    """Errors of values below the one being validated, to raise inside a validator."""
    return ValidationError.from_exception_data(
        "stipt", [InitErrorDetails(type=error, loc=path, input=None) for path, error in errors]
    )


def written(parse: Callable[[str], Value]) -> PlainValidator:
    """A validator that reads one text by its own parser.

    Args:
        parse: raises an error that carries `code`, `message` and `hint`.
    """

    def read(value: object) -> Value:
        if not isinstance(value, str):
            raise wrong("STP022", f"must be one value, not {_shape(value)}")
        if not value:
            raise wrong("STP022", "must not be empty")
        return read_text(parse, value)

    return PlainValidator(read)


def read_text(parse: Callable[[str], Value], text: str) -> Value:
    """Run a parser of text inside a validator."""
    try:
        return parse(text)
    except (FormError, DurationError) as error:
        raise wrong(error.code, error.message, error.hint) from None


def _shape(value: object) -> str:
    return "a list" if isinstance(value, Items) else "a block"


def read_as(model: type[FormType], document: Document) -> FormType | None:
    """Read a document's tree as a model and collect all its problems in the document.

    Returns:
        What could be read, without the parts that are wrong; None when nothing could.
    """
    if document.tree is None:
        return None
    if not isinstance(document.tree, Block):
        document.problem(
            document.at, "STP022", "the file must hold keys with values", "write key: value"
        )
        return None
    reported: set[Problem] = set(document.problems)
    while True:
        try:
            return model.model_validate(document.tree)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        for problem in explain(details, document.tree, document.file):
            if problem not in reported:
                reported.add(problem)
                document.problems.append(problem)
        stand_ins = model.stand_ins()
        if not _cut_out(document.tree, details, stand_ins):
            return None


def _cut_out(tree: Block, details: list[ErrorDetails], stand_ins: dict[str, Tree]) -> bool:
    """Take what is wrong out of the tree, last places first so that the others stay valid.

    Returns:
        Whether the tree has changed and is worth reading again.
    """
    paths = {_prunable(tree, tuple(detail["loc"])) for detail in details}
    for path in sorted(filter(None, paths), key=_from_the_end, reverse=True):
        _cut(tree, path)
    if () in paths:
        lacking = {key: value for key, value in stand_ins.items() if key not in tree}
        tree.update(lacking)
        return bool(lacking) or len(paths) > 1
    return True


def _from_the_end(path: Path) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in path)


def _prunable(tree: Block, path: Path) -> Path:
    """The longest part of a path that stands in the tree."""
    node: Tree | None = tree
    for depth, part in enumerate(path):
        node = child(node, part) if node is not None else None
        if node is None:
            return path[:depth]
    return path


def _cut(tree: Block, path: Path) -> None:
    node: Tree | None = tree
    tree.harmed = True
    for part in path[:-1]:
        node = child(node, part) if node is not None else None
        if isinstance(node, Block):
            node.harmed = True
    last = path[-1]
    if isinstance(node, Block) and isinstance(last, str):
        node.pop(last, None)
    elif isinstance(node, Items) and isinstance(last, int) and last < len(node):
        node.harmed = True
        del node[last], node.values_at[last]
