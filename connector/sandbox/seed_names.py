# SPDX-License-Identifier: GPL-3.0-or-later
"""Invented people, customers and sentences of the seeded helpdesk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer organisation. `share` is its part of all tickets, as a weight."""

    id: int
    name: str
    tier: str | None
    market: str
    domain: str
    share: float
    contacts: int
    tags: tuple[str, ...] = ()


ACME_ID = 360001234567

CUSTOMERS = (
    Customer(ACME_ID, "Acme BV", "premium", "nl", "acme.example", 10, 6),
    Customer(360001234581, "Noordlicht Logistiek", "premium", "nl", "noordlicht.example", 8, 5),
    Customer(360001234595, "Harbor Point Clinics", "premium", "us", "harborpoint.example", 9, 5),
    Customer(360001234609, "Zilverberg Zorggroep", "premium", "nl", "zilverberg.example", 6, 4),
    Customer(360001234623, "Kade Zeven Media", "standard", "nl", "kadezeven.example", 8, 4),
    Customer(360001234637, "Prairie Bell Foods", "standard", "us", "prairiebell.example", 9, 5),
    Customer(360001234651, "Duinrand Hotels", "standard", "nl", "duinrand.example", 7, 4),
    Customer(360001234665, "Quill and Anchor Books", "standard", "us", "quillanchor.example", 6, 3),
    Customer(360001234679, "Polderwind Energie", "standard", "nl", "polderwind.example", 6, 3),
    Customer(
        360001234693, "Lindenhof Tuinen", None, "nl", "lindenhof.example", 4, 2, ("customer",)
    ),
    Customer(360001234707, "Blue Heron Studio", None, "us", "blueheron.example", 5, 3),
    Customer(360001234721, "Bakkerij De Korenaar", None, "nl", "korenaar.example", 4, 2),
)
"""Three tiers (the last has none) in two markets."""

ADMIN, AGENT, LIGHT = 4, 0, 1
AGENTS = (
    ("Stipt Service", ADMIN, "Escalations", "nl"),
    ("Vera Brandt", ADMIN, "Escalations", "nl"),
    ("Joris Kuiper", AGENT, "Support NL", "nl"),
    ("Anouk Verhoeven", AGENT, "Support NL", "nl"),
    ("Sem Dijkstra", AGENT, "Support NL", "nl"),
    ("Fleur Meijer", AGENT, "Support NL", "nl"),
    ("Grace Holloway", AGENT, "Support US", "us"),
    ("Marcus Lindqvist", AGENT, "Support US", "us"),
    ("Dana Whitfield", AGENT, "Support US", "us"),
    ("Ruben Postma", AGENT, "Phone desk", "nl"),
    ("Tess Okafor", AGENT, "Phone desk", "us"),
    ("Ilse van Dam", AGENT, "Escalations", "nl"),
    ("Bram Wouters", LIGHT, "Escalations", "nl"),
    ("Carla Nunez", LIGHT, "Escalations", "us"),
)
"""Name, role type, group, market. The first is whom the OAuth client stands for."""

FIRST_NAMES = (
    "Anna", "Ben", "Chloe", "Daan", "Elena", "Finn", "Gwen", "Hugo", "Iris", "Jonas", "Kim",
    "Lars", "Mila", "Noah", "Olga", "Pim", "Quinn", "Rosa", "Stijn", "Tara", "Umar", "Vince",
    "Wies", "Yara", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Adler", "Bakker", "Carver", "Dekker", "Ellis", "Foster", "Groen", "Hendriks", "Ivers",
    "Jansen", "Keller", "Larkin", "Mulder", "Novak", "Otten", "Prins", "Quist", "Ramsey",
    "Smit", "Thorne", "Udell", "Visser", "Winter", "Young", "Zwart",
)  # fmt: skip

SUBJECTS = {
    "product_router": (
        "Router drops the connection every evening",
        "No light on the second router",
        "Firmware update stops at 80 percent",
        "VPN tunnel will not come up",
    ),
    "product_switch": (
        "Port 12 of the switch stays down",
        "Switch is very loud since Monday",
        "How do I put two ports into one group?",
    ),
    "product_phone": (
        "Desk phone rings once and stops",
        "Voicemail greeting cannot be changed",
        "Callers hear an echo",
    ),
    "product_invoice": (
        "Invoice shows a line we did not order",
        "Please send the invoice to another address",
        "Credit for last month is missing",
    ),
    "product_portal": (
        "Cannot sign in to the portal",
        "Two colleagues need an account",
        "Export of the usage report is empty",
    ),
}
FIRST_MESSAGES = (
    "Hello, we have had this since this morning. Can you help?",
    "This stops several of our people from working. Please have a look.",
    "It is not urgent, but it should work. Thank you.",
    "We tried turning it off and on again, without success.",
)
AGENT_REPLIES = (
    "Thank you for your message. We are looking into it and will let you know.",
    "Could you send us the serial number and the time when it happened last?",
    "We have changed a setting on our side. Please try again.",
    "Our engineer has found the cause; a replacement part is on its way.",
)
REQUESTER_REPLIES = (
    "Here is the information you asked for.",
    "It happened again just now.",
    "Thank you. When may we expect more news?",
    "It works for most of us, but not for everybody yet.",
)
NOTES = (
    "Same as the case of last week, see the notes there.",
    "Spoke to the engineer on duty, waiting for an answer.",
    "Customer is on the old firmware.",
)
SOLUTIONS = (
    "This should be solved now. Please let us know if it comes back.",
    "We replaced the part and tested it. Thank you for your patience.",
    "Done. We close this request; just reply if anything is missing.",
)
THANKS = (
    "It came back this morning, unfortunately.",
    "Sorry, it still does not work on one machine.",
)
