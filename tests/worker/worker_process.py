# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass of the worker in a process of its own, to be killed; prints its report as JSON."""

import json
import sys

from worker.run_once import run_once
from worker.settings import load_settings


def main() -> None:
    """Pass once with the settings of the environment."""
    reports = run_once(load_settings())
    json.dump([one.to_json() for one in reports], sys.stdout)


if __name__ == "__main__":
    main()
