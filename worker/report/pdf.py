# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's page as PDF on A4; the same page gives the same bytes.

WeasyPrint makes it, which is installed with `stipt[pdf]` only. It does not
give a page's styles to the pictures in it and knows no CSS variables there,
so each picture is given its own, with the colours of the light page.
"""

from __future__ import annotations

import logging
import re
from importlib.resources import files

from worker.report.page import STYLE

_OPENING = re.compile(r'<svg [^>]*class="chart"[^>]*>')
_RULE = re.compile(r"^svg\.chart ([^{]+)\{([^}]*)\}", re.MULTILINE)
_COLOUR = re.compile(r"(--\w+): (#[0-9a-f]{6})")
_TITLE = re.compile(r"<title>(.*?)</title>")
_LETTERS = "text{font-size:13px;font-family:sans-serif}"


class PdfUnavailable(Exception):
    """What makes PDF files is not installed."""


def pdf_of(page: str) -> bytes:
    """A page of `worker.report.page` as PDF: A4, heads of tables repeated, pages numbered.

    Args:
        page: the whole HTML document; its title stands at the foot of every sheet.

    Raises:
        PdfUnavailable: WeasyPrint, or a library that it needs, is not installed.
    """
    try:
        from weasyprint import CSS, HTML, urls  # noqa: PLC0415 - an extra, and slow to load
    except (ImportError, OSError) as fault:
        raise PdfUnavailable(_how_to_install(fault)) from None
    # It tells of each rule that is for screens only; what matters is raised.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    title = _TITLE.search(page)
    feet = _feet(title[1] if title else "")
    # A report holds all that it shows; whatever it names elsewhere is not fetched.
    nothing = urls.URLFetcher(allowed_protocols=())
    document = HTML(string=_with_styles(page), url_fetcher=nothing)
    pdf: bytes = document.write_pdf(stylesheets=[CSS(string=feet)], pdf_tags=True)
    return pdf


def _how_to_install(fault: ImportError | OSError) -> str:
    if isinstance(fault, ImportError):
        return "PDF files need WeasyPrint, which is not installed: pip install 'stipt[pdf]'"
    return (
        "PDF files need the Pango library, which is not installed; on Debian or Ubuntu: "
        "apt-get install libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core"
    )


def _feet(title: str) -> str:
    """The margins of the sheets: the report's name and the number of the sheet."""
    shown = title.replace("\\", "").replace('"', "")
    look = "font: 8pt sans-serif; color: #57606a;"
    return (
        f'@page {{ @bottom-left {{ content: "{shown}"; {look} }} '
        f'@bottom-right {{ content: counter(page) " / " counter(pages); {look} }} }}'
    )


def _with_styles(page: str) -> str:
    """The page with the rules of its style sheet inside every picture."""
    style = files("worker.report").joinpath(STYLE).read_text(encoding="utf-8")
    light = dict(reversed(_COLOUR.findall(style)))  # the first of a name is the light one
    rules = "".join(
        "".join(f"{one.strip().removeprefix('svg.chart ')}," for one in where.split(","))[:-1]
        + f"{{{what.strip()}}}"
        for where, what in _RULE.findall(style)
    )
    for name, colour in light.items():
        rules = rules.replace(f"var({name})", colour)
    rules = rules.replace("currentColor", light["--ink"])
    return _OPENING.sub(lambda opening: f"{opening[0]}<style>{rules}{_LETTERS}</style>", page)
