# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt messages`: what waits to be told, what was given up, and how a message would read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import AccountName, ConfigFile, Yes, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, coloured, counted, result, say

if TYPE_CHECKING:
    from datetime import datetime

    from worker.previews import Preview
    from worker.settings import AccountSettings, Settings
    from worker.store.database import Books, Database
    from worker.store.letters import Choice, Letter

_COLOURS = {"dead": "red", "ready": "yellow", "sending": "yellow", "sent": "green"}
_Ids = Annotated[
    list[int] | None,
    typer.Argument(help="Numbers of messages, as the list shows them.", metavar="[ID]..."),
]
_Recipient = Annotated[
    str | None, typer.Option(help="Only those to this recipient of the rules.", metavar="NAME")
]
_All = Annotated[bool, typer.Option("--all", help="All that were given up.")]
_Form = Literal["plain", "markdown", "html"]


def retry(
    *,
    ids: _Ids = None,
    recipient: _Recipient = None,
    everything: _All = False,
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Send messages after all that were given up or wait, as if they had never failed."""
    from worker.store.letters import retry_letters

    with _opened(config, account) as post:
        choice = _choice(ids, recipient, everything=everything)
        post.confirm(choice, "Send", yes=yes)
        with post.write() as books:
            done = retry_letters(books, choice, post.now)
            post.end_notice(books)
    _tell(done, ids, "is sent" if len(done) == 1 else "are sent", json=json, quiet=quiet)


def drop(
    *,
    ids: _Ids = None,
    recipient: _Recipient = None,
    everything: _All = False,
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Forget messages that were given up or wait: they are never sent."""
    from worker.store.letters import drop_letters

    with _opened(config, account) as post:
        choice = _choice(ids, recipient, everything=everything)
        post.confirm(choice, "Drop", yes=yes)
        with post.write() as books:
            done = drop_letters(books, choice, post.now)
            post.end_notice(books)
    _tell(done, ids, "is dropped" if len(done) == 1 else "are dropped", json=json, quiet=quiet)


def _choice(ids: Sequence[int] | None, recipient: str | None, *, everything: bool) -> "Choice":
    """What is meant: numbers may wait, everything else was given up."""
    from worker.store.letters import Choice

    if ids:
        return Choice(("dead", "ready"), ids=tuple(ids), recipient=recipient)
    if not everything and recipient is None:
        raise typer.BadParameter("give numbers, --recipient NAME or --all", param_hint="ID")
    return Choice(("dead",), recipient=recipient)


def _tell(
    done: Sequence[int], ids: Sequence[int] | None, what: str, *, json: bool, quiet: bool
) -> None:
    missing = sorted(set(ids or ()) - set(done))
    if json:
        as_json({"messages": done, "not_found": missing})
    elif not quiet:
        result(f"{counted(len(done), 'message')} {what}")
    if missing:
        listed = ", ".join(map(str, missing))
        raise CommandFailed(f"not waiting and not given up, so left alone: {listed}")


def preview(
    *,
    ticket: Annotated[str, typer.Argument(help="The ticket's number.", metavar="TICKET")],
    step: Annotated[
        str | None,
        typer.Option(help="A step as the rules write it; else the next ones.", metavar="STEP"),
    ] = None,
    recipient: _Recipient = None,
    form: Annotated[_Form, typer.Option("--form", help="As which channels show it.")] = "plain",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show what a ticket's steps would tell people, at their moment; nothing is sent."""
    from worker.previews import Outlook, previews, stored_ticket
    from worker.rule_folder import load_folder
    from worker.wiring import ticket_link_of

    with _opened(config, account) as post:
        policy = load_folder(post.account.rules_path)
        outlook = Outlook(post.settings, post.account.name, policy, ticket_link_of(post.account))
        with post.read() as books:
            stored = stored_ticket(books, ticket)
        if stored is None:
            raise CommandFailed(
                f"ticket {ticket} is not in the store: stipt run --once reads what is new"
            )
        found = previews(outlook, stored, post.now, step=step, recipient=recipient)
    if json:
        as_json({"messages": [_preview_json(one) for one in found]})
        return
    for number, one in enumerate(found):
        if number:
            result()
        _show(one, form)
    if not found and not quiet:
        say("no open promise of this ticket tells anybody there")


def _show(one: "Preview", form: _Form) -> None:
    message = one.message
    result(f"--- {message.measure} {message.labels[0]} to {message.recipient}, {message.at:%FT%TZ}")
    if form != "html":
        result(one.text.subject)
        result()
    result(_written(one, form))


def _written(one: "Preview", form: _Form) -> str:
    from worker.notify.markup import as_html, markdown

    text = one.text
    if form == "html":
        return as_html(text.subject, text.lines).rstrip()
    return markdown(text.lines) if form == "markdown" else text.body


def _preview_json(one: "Preview") -> dict[str, object]:
    message = one.message
    return {
        "measure": message.measure,
        "cycle": message.cycle,
        "step": message.labels[0],
        "recipient": message.recipient,
        "at": f"{message.at:%FT%TZ}",
        "subject": one.text.subject,
        **{form: _written(one, form) for form in ("plain", "markdown", "html")},
    }


@dataclass(frozen=True)
class _Post:
    """The outbox of an account, opened for one command."""

    settings: "Settings"
    account: "AccountSettings"
    database: "Database"

    @property
    def now(self) -> "datetime":
        return present(self.settings)

    @contextmanager
    def read(self) -> Iterator["Books"]:
        with self.database.read(self.account.name) as books:
            yield books

    @contextmanager
    def write(self) -> Iterator["Books"]:
        with self.database.write(self.account.name) as books:
            yield books

    def confirm(self, choice: "Choice", deed: str, *, yes: bool) -> None:
        """Ask before something is done to messages that are not named one by one."""
        from worker.store.letters import count_letters

        if yes or choice.ids:
            return
        with self.read() as books:
            number = count_letters(books, choice)
        if number and not typer.confirm(f"{deed} {counted(number, 'message')}?", err=True):
            raise CommandFailed("nothing was changed")

    def end_notice(self, books: "Books") -> None:
        """Nothing lies given up any more: nobody needs to be told."""
        from worker.outcomes import DEAD
        from worker.store.accounts import end_notice
        from worker.store.letters import Choice, count_letters

        if not count_letters(books, Choice(("dead",))):
            end_notice(books, DEAD, self.now)


@contextmanager
def _opened(config: Path | None, account: str | None) -> Iterator[_Post]:
    from worker.cli.sources import opened_database
    from worker.settings import load_settings

    settings = load_settings(config=config)
    with opened_database(settings) as database:
        yield _Post(settings, settings.account(account), database)


def _line(letter: "Letter") -> str:
    state = coloured(f"{letter.state:<7}", _COLOURS.get(letter.state, ""))
    about = ", ".join(letter.steps)
    if letter.ticket_id:  # else it is the forecast of an obligation
        about = f"#{letter.ticket_id} {letter.measure} {about}"
    line = f"{letter.id:>6}  {state}  {about}  to {letter.recipient}"
    if letter.state == "ready":
        line += f"  next {letter.due:%FT%TZ}"
    if letter.attempts:
        line += f"  {counted(letter.attempts, 'try') if letter.attempts == 1 else _tries(letter)}"
    return f"{line}  {letter.reason}" if letter.reason else line


def _tries(letter: "Letter") -> str:
    return f"{letter.attempts} tries"


def _letter_json(letter: "Letter") -> dict[str, object]:
    values = asdict(letter)
    for name in ("at", "due", "ended_at"):
        at = values[name]
        values[name] = None if at is None else f"{at:%FT%TZ}"
    return values


# The last one: below it the name means the command, not Python's own.
def list(  # noqa: A001 -- the command's name
    *,
    state: Annotated[
        str,
        typer.Option(help="unsent, or ready, sending, sent, dropped, nobody, dead, all."),
    ] = "unsent",
    recipient: _Recipient = None,
    ticket: Annotated[
        str | None, typer.Option(help="Only those about this ticket.", metavar="TICKET")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the latest first.", min=1)] = 50,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """List messages that wait or were given up, with the reason."""
    from worker.store.letters import Choice, count_letters, letters

    choice = Choice(_states(state), recipient=recipient, ticket_id=ticket)
    with _opened(config, account) as post, post.read() as books:
        found = letters(books, choice, limit)
        number = count_letters(books, choice)
    if json:
        as_json({"messages": [_letter_json(one) for one in found], "total": number})
        return
    for one in found:
        result(_line(one))
    if not quiet and number > len(found):
        say(f"{number - len(found)} more; --limit shows them")
    if not quiet and not found:
        say("no message waits, and none was given up" if state == "unsent" else "none")


def _states(state: str) -> tuple[str, ...]:
    from worker.store.letters import UNSENT

    known = ("ready", "sending", "sent", "joined", "dropped", "nobody", "dead")
    if state == "unsent":
        return UNSENT
    if state == "all":
        return known
    if state not in known:
        raise typer.BadParameter(f"one of unsent, all, {', '.join(known)}", param_hint="--state")
    return (state,)
