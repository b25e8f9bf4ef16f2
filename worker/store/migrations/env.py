# SPDX-License-Identifier: GPL-3.0-or-later
"""What Alembic runs: the migrations, on the connection that `schema.upgrade` opened."""

from __future__ import annotations

from alembic import context

from worker.store.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
# The caller's transaction is the only one: all steps are done, or none.
context.run_migrations()
