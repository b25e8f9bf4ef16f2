# SPDX-License-Identifier: GPL-3.0-or-later
"""What Stipt answers over HTTP: webhooks, probes and metrics."""
