# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: tables, queries and migrations on SQLAlchemy Core.

Whatever imports a part of it knows all tables.
"""

from worker.store import agents as agents
from worker.store import budget_tables as budget_tables
from worker.store import hint_tables as hint_tables
from worker.store import people_tables as people_tables
from worker.store import record_tables as record_tables
from worker.store import report_tables as report_tables
