# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a check of large rule folders takes: 2,000 customers, short and long.

Run: python -m benchmarks.rule_folders. Aims: the short ones in under 3 seconds,
the long ones in under 8.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from time import perf_counter

from rules.lint import lint
from rules.load import load

STARTER = Path(__file__).parents[1] / "worker" / "starter"
CUSTOMERS = 2_000
SHORT = """\
  customer_{number}:
    match: {{organization.id: "{number}"}}
    tier: premium
    from: 2026-10-01
    because: Contract {number}
    review_by: 2027-07-01
"""


def starter() -> dict[str, bytes]:
    """The starter folder without its tests and customers."""
    left_out = ("tests.yaml", "customers.yaml")
    return {
        file.name: file.read_bytes() for file in STARTER.glob("*.yaml") if file.name not in left_out
    }


def short_customers() -> str:
    """Customers of six lines each."""
    blocks = (SHORT.format(number=number) for number in range(CUSTOMERS))
    return "version: 1\ncustomers:\n" + "".join(blocks)


def long_customers() -> str:
    """Customers like the one in the starter folder, without its comments."""
    text = (STARTER / "customers.yaml").read_text(encoding="utf-8")
    head, _, block = re.sub(r" +#.*", "", text).partition("customers:\n")
    blocks = (
        block.replace("  acme:", f"  acme_{number}:").replace("360001234567", str(number))
        for number in range(CUSTOMERS)
    )
    return f"{head}customers:\n" + "".join(blocks)


def main() -> None:
    """Print the seconds for both folders."""
    load(starter())  # imports and the first holidays are not what is measured
    for name, text, aim in (("short", short_customers(), 3), ("long", long_customers(), 8)):
        files = starter() | {"customers.yaml": text.encode()}
        begin = perf_counter()
        policy, problems = load(files)
        loaded = perf_counter()
        assert policy is not None, problems
        findings = lint(policy, date(2026, 12, 1))
        done = perf_counter()
        print(
            f"{CUSTOMERS:,} {name} customers, {len(text) / 1000:,.0f} kB: "
            f"load {loaded - begin:.2f} s, lint {done - loaded:.2f} s, "
            f"{len(findings)} findings (aim: under {aim} s)"
        )


if __name__ == "__main__":
    main()
