# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as PDF: the same bytes every time, small, on A4, with nothing fetched."""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path

import pytest

from rules.statements import unseal
from tests.services.availability import server_is_missing
from worker.cli.main import run
from worker.cli.report_files import ReportFiles, write_statement
from worker.report.page import page, paragraph
from worker.report.pdf import PdfUnavailable, pdf_of
from worker.reporting.language import language

EXAMPLE = Path(__file__).parents[2] / "examples" / "contract"
REPORT = [
    *("report", "acme", "--period", "2026-11", "--rules", str(EXAMPLE / "rules")),
    *("--history", str(EXAMPLE / "history.jsonl"), "--outages", str(EXAMPLE / "outages.csv")),
    *("--now", "2026-12-03T08:00:00Z", "--quiet"),
]


@pytest.fixture
def pango() -> None:
    """The library that PDF files are drawn with; without it these tests say why they skip."""
    try:
        pdf_of(page("none", []))
    except PdfUnavailable:
        server_is_missing("Pango", "libpango-1.0-0 libpangoft2-1.0-0")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIPT_STATE_DIR", str(tmp_path))


def unpacked(content: bytes) -> bytes:
    """A PDF file with what is packed in it beside it."""
    packed = re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", content, flags=re.DOTALL)
    return content + b"".join(zlib.decompressobj().decompress(one) for one in packed)


@pytest.mark.usefixtures("pango")
def test_a_report_on_paper_is_small_and_the_same_every_time(tmp_path: Path):
    first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
    assert run([*REPORT, "--pdf", str(first)]) == 0
    assert run([*REPORT, "--pdf", str(second)]) == 0

    content = first.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content == second.read_bytes()
    assert len(content) < 1_000_000
    sizes = set(re.findall(rb"/MediaBox ?\[([^\]]*)\]", unpacked(content)))
    assert {tuple(round(float(one)) for one in each.split()) for each in sizes} == {
        (0, 0, 595, 842)
    }


@pytest.mark.usefixtures("pango")
def test_a_sheet_says_which_report_it_belongs_to_whatever_its_name():
    odd = page('Statement "a\\b" <c>\n; } body { display: none', [paragraph("kept")])

    assert len(pdf_of(odd)) > len(pdf_of(page("", [])))


@pytest.mark.usefixtures("pango")
def test_nothing_that_a_page_names_is_fetched(tmp_path: Path):
    (tmp_path / "secret.svg").write_text("<svg/>")
    named = page("x", [f'<img src="file://{tmp_path}/secret.svg" alt="">'])

    assert pdf_of(named) == pdf_of(page("x", ['<img src="file:///elsewhere.svg" alt="">']))


def test_without_the_extra_the_command_to_install_it_is_said_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    csv, html, pdf = (tmp_path / f"acme.{kind}" for kind in ("csv", "html", "pdf"))
    files = ["--csv", str(csv), "--html", str(html), "--pdf", str(pdf)]
    assert run([*REPORT, *files]) == 1

    assert "pip install 'stipt[pdf]'" in capsys.readouterr().err
    assert not any(one.exists() for one in (csv, html, pdf))


@pytest.mark.usefixtures("pango")
def test_a_closed_statement_has_its_sheets_too(tmp_path: Path):
    kept = unseal((EXAMPLE / "statements" / "acme-2026-11.json").read_bytes())
    pdf = tmp_path / "closed.pdf"
    write_statement(kept.statement, kept.sha256, ReportFiles(None, None, pdf, language("de")))
    again = tmp_path / "again.pdf"
    write_statement(kept.statement, kept.sha256, ReportFiles(None, None, again, language("de")))

    assert pdf.read_bytes() == again.read_bytes()
