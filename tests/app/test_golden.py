# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer and the reader of `sla_detail` agree: the golden cases hold for both.

After a change: pytest tests/app/test_golden.py --rewrite, then look at the difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.app.golden_cases import case_names, read_case, seconds, write_case, written_fields

if TYPE_CHECKING:
    from tests.app.harness.pages import Harness

pytestmark = pytest.mark.xdist_group("browser")

REWRITE = "pytest tests/app/test_golden.py --rewrite writes it afresh"
EVERY = pytest.mark.parametrize("name", case_names())
JUDGED = [name for name in case_names() if "ticket" in read_case(name)]

READ = """async cases => {
  const [{ view }, { words }, { speaker }, { default: texts }] = await Promise.all(
    ['sla.js', 'words.js', 'format.js', 'i18n/en.js'].map(file => import(`/0/assets/${file}`)));
  return cases.map(({ fields, saved, now }) => {
    const say = speaker({ texts, locale: 'en', zone: 'UTC', now: () => now });
    say.at = iso => iso; // engines differ in how they write dates, and those are not the point here
    const found = view(fields, saved, now);
    // How lines break is not either.
    const said = JSON.stringify(words(found, say)).replaceAll(String.fromCharCode(160), " ");
    return { view: found, words: JSON.parse(said) };
  });
}"""


@pytest.fixture(scope="module")
def shown(harness: Harness, request: pytest.FixtureRequest) -> dict[str, Any]:
    """View and words of every case, as the app has them."""
    names = case_names()
    if request.config.getoption("--rewrite"):
        for name in JUDGED:
            case = read_case(name)
            write_case(name, case | {"fields": written_fields(case)})
    cases = [read_case(name) for name in names]
    asked = [
        {"fields": one["fields"], "saved": one["saved"], "now": seconds(one["now"])}
        for one in cases
    ]
    with harness.open(outside=True) as page:
        return dict(zip(names, page.frame.evaluate(READ, asked), strict=True))


@pytest.mark.parametrize("name", JUDGED)
def test_the_worker_writes_the_fields_of_the_case(name: str, rewrite: bool):
    case = read_case(name)
    if rewrite:
        write_case(name, case | {"fields": written_fields(case)})
    assert read_case(name)["fields"] == written_fields(case), REWRITE


@EVERY
def test_the_app_shows_the_view_of_the_case(name: str, shown: dict[str, Any], rewrite: bool):
    if rewrite:
        write_case(name, read_case(name) | shown[name])
    assert shown[name]["view"] == read_case(name)["view"], REWRITE


@EVERY
def test_the_app_says_the_words_of_the_case(name: str, shown: dict[str, Any], rewrite: bool):
    if rewrite:
        write_case(name, read_case(name) | shown[name])
    assert shown[name]["words"] == read_case(name)["words"], REWRITE
