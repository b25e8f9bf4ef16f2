# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of `stipt`: its name, the module that does it, what the help says of it."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple


class Command(NamedTuple):
    """A command: its name, the module that does it, what the help says of it.

    A name of two words is a command of a group: "policy log".
    """

    name: str
    module: str
    summary: str
    example: str

    def function(self) -> Callable[..., None]:
        """The function of the command's last name; its module is imported now."""
        module = import_module(f"worker.cli.{self.module}")
        function: Callable[..., None] = getattr(module, self.own_name.replace("-", "_"))
        return function

    @property
    def group(self) -> str:
        """The group that it belongs to; empty for none."""
        return self.name.rpartition(" ")[0]

    @property
    def own_name(self) -> str:
        """Its name within its group."""
        return self.name.rpartition(" ")[2]


COMMANDS = (
    Command(
        "init",
        "starting",
        "Write a starter folder of rule files with comments, tests and an editor's schema.",
        "stipt init sla",
    ),
    Command(
        "check",
        "checking",
        "Show every problem of rule files: errors, and promises that are not concrete.",
        "stipt check sla --strict",
    ),
    Command(
        "test",
        "testing",
        "Run the tests of rules on a virtual clock, and say what no test reaches.",
        "stipt test sla --strict",
    ),
    Command(
        "schema",
        "schemas",
        "Print the JSON Schema of rule files, or what may stand at one key.",
        "stipt schema targets.measure",
    ),
    Command(
        "calendar",
        "calendars",
        "Show opening hours, holidays and clock changes, or when a promise is due.",
        'stipt calendar office_nl --add 8h --at "2026-12-23 16:00"',
    ),
    Command(
        "explain",
        "explaining",
        "Say which contract, tier and rule hold for a ticket, and what its clocks counted.",
        "stipt explain 4711 --history tickets.jsonl --rules sla",
    ),
    Command(
        "replay",
        "replaying",
        "Judge every ticket of a history by rules, or show what a change of them would do.",
        "stipt replay --rules sla --history tickets.jsonl --compare sla-new --html report.html",
    ),
    Command(
        "export-history",
        "exporting",
        "Write the stored tickets as a history file, which replay judges as the worker did.",
        "stipt export-history --out tickets.jsonl",
    ),
    Command(
        "plan",
        "changes",
        "Read the helpdesk and show what the rules would write; nothing is written.",
        "stipt plan --out plan.json",
    ),
    Command(
        "apply",
        "changes",
        "Carry out a plan; leaves tickets alone that were changed since it was made.",
        "stipt apply plan.json",
    ),
    Command(
        "report customer",
        "report",
        "Show what the obligations to a customer came to in a period, and what they cost.",
        "stipt report acme --period 2026-11 --html acme.html",
    ),
    Command(
        "report team",
        "team_reports",
        "Show what was kept in a period by tier, group, market, channel, weekday and hour.",
        "stipt report team --period 2026-11 --html team.html",
    ),
    Command(
        "report policy",
        "team_reports",
        "Show what became of everything that a policy version judged, target by target.",
        "stipt report policy 3f2a91c8 --html policy.html",
    ),
    Command(
        "report close",
        "report",
        "Close the statement of a period for good; later facts become entries in the next one.",
        "stipt report close acme --period 2026-11 --tables evidence",
    ),
    Command(
        "report show",
        "report",
        "Show a closed statement again; --json prints the very bytes that were kept.",
        "stipt report show 3f2a91c8 --json",
    ),
    Command(
        "report verify",
        "verifying",
        "Say of closed statements whether they are what was closed, and signed with our key.",
        "stipt report verify acme-2026-11.json",
    ),
    Command(
        "report send",
        "report_sending",
        "Send a customer's report of a period by e-mail, each recipient's in its language.",
        "stipt report send acme --period 2026-11 --dry-run",
    ),
    Command(
        "staffing",
        "staffing",
        "Say how many people keep the promises on the phone, in chat and by mail.",
        "stipt staffing --calls 60 --handling 6m --patience 4m --abandoned 5%",
    ),
    Command(
        "policy log",
        "policy",
        "List the policies that were in force, the latest first: when, and from which files.",
        "stipt policy log",
    ),
    Command(
        "policy show",
        "policy",
        "Print the files of a policy as they were when it came into force.",
        "stipt policy show 3f2a91c8 --out sla-before",
    ),
    Command(
        "policy diff",
        "policy",
        "Say what two policies mean differently, then how their texts differ.",
        "stipt policy diff 3f2a91c8",
    ),
    Command(
        "run",
        "running",
        "Work: read the helpdesk, judge tickets, write fields, tell people in time.",
        "stipt run --role all",
    ),
    Command(
        "db upgrade",
        "database",
        "Bring the database's schema to the version that this program needs.",
        "stipt db upgrade",
    ),
    Command(
        "db accept-helpdesk",
        "database",
        "Keep an account's rows: its helpdesk is the same and has another address.",
        "stipt db accept-helpdesk --account acme",
    ),
    Command(
        "purge",
        "purging",
        "Delete what is stored of tickets that are long closed; shows the counts first and asks.",
        "stipt purge --older-than 800d",
    ),
    Command(
        "setup",
        "account",
        "Create ticket fields, webhook and trigger; shows the list first and asks.",
        "stipt setup --yes",
    ),
    Command(
        "doctor",
        "account",
        "Look over settings, rules, storage and helpdesk; say what is wrong and how to mend it.",
        "stipt doctor",
    ),
    Command(
        "audit",
        "audit",
        "Ask the database whether anything was forgotten; exit code 5 with the list if so.",
        "stipt audit",
    ),
    Command(
        "quarantine show",
        "quarantine",
        "List the tickets that are left alone because judging or writing them keeps failing.",
        "stipt quarantine show",
    ),
    Command(
        "quarantine release",
        "quarantine",
        "Look at quarantined tickets again, as if they had never failed.",
        "stipt quarantine release 4711",
    ),
    Command(
        "messages list",
        "messages",
        "List messages that wait or were given up, with the reason.",
        "stipt messages list",
    ),
    Command(
        "messages retry",
        "messages",
        "Send messages after all that were given up or wait, as if they had never failed.",
        "stipt messages retry --recipient team_lead",
    ),
    Command(
        "messages drop",
        "messages",
        "Forget messages that were given up or wait: they are never sent.",
        "stipt messages drop 17 18",
    ),
    Command(
        "messages preview",
        "messages",
        "Show what a ticket's steps would tell people, at their moment; nothing is sent.",
        'stipt messages preview 4711 --step "1h before"',
    ),
    Command(
        "users add",
        "users",
        "Let somebody sign in to the web pages; asks for a password.",
        "stipt users add ada --role operator",
    ),
    Command(
        "users list",
        "users",
        "List who may sign in, with their roles; passwords are never shown.",
        "stipt users list",
    ),
    Command(
        "users password",
        "users",
        "Give somebody a new password; all of their sessions end.",
        "stipt users password ada",
    ),
    Command(
        "users remove",
        "users",
        "Let somebody sign in no more; all of their sessions end.",
        "stipt users remove ada",
    ),
    Command(
        "notify",
        "notify",
        "Send one message that says it is a test, and say what became of it.",
        "stipt notify --test on_call",
    ),
    Command(
        "app package",
        "app",
        "Pack the Zendesk app for uploading; the same sources give the same bytes.",
        "stipt app package --out stipt-app.zip",
    ),
    Command(
        "sandbox",
        "sandboxes",
        "Serve a Zendesk account with a busy fictional helpdesk on this machine.",
        "stipt sandbox --tickets 500 --speed 60",
    ),
    Command(
        "demo",
        "demos",
        "Start a sandbox and a worker, and show tiers, states, deadlines, writes and messages.",
        "stipt demo --once --json",
    ),
)

GROUPS = {
    "app": "The app that shows deadlines inside Zendesk.",
    "policy": "The rules that were ever in force, and what changed between them.",
    "db": "The database: its schema, and which helpdesk it was filled from.",
    "messages": "What people are told: waiting, given up, or how it would read.",
    "report": "What was promised to customers, what came of it, and what it costs.",
    "users": "People who may sign in to the web pages with a password.",
    "quarantine": "Tickets that are left alone because they keep failing.",
}
"""Groups of commands and what the help says of them."""
