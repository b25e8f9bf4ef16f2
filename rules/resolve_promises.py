# SPDX-License-Identifier: GPL-3.0-or-later
"""From written obligations and exclusions to promises."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from rules.format.obligations import CappedForm, ClaimForm, OtherwiseForm
from rules.promises import (
    BeyondCredit,
    Consequence,
    Counting,
    CreditBand,
    Exclusion,
    ForecastWarning,
    Obligation,
    PerBreach,
)
from rules.resolve_tiers import report_reversed

if TYPE_CHECKING:
    from rules.folder import Folder
    from rules.format.obligations import (
        BandForm,
        CountingForm,
        ExclusionForm,
        ObligationForm,
    )
    from rules.policy import Where


def resolve_obligations(folder: Folder, time_zone: str) -> dict[str, Obligation]:
    """All obligations by name."""
    found: dict[str, Obligation] = {}
    for file in folder.rules:
        for name, form in file.obligations.items():
            if name not in found:
                found[name] = _obligation(name, form, folder, time_zone)
    return found


def _obligation(name: str, form: ObligationForm, folder: Folder, time_zone: str) -> Obligation:
    what = f"obligations.{name}"
    places = form.places()
    from_at = form.from_.instant(time_zone) if form.from_ else None
    until_at = form.until.instant(time_zone) if form.until else None
    if from_at and until_at and until_at <= from_at:
        report_reversed(folder, what, places)
    otherwise = _consequence(form.otherwise)
    if isinstance(form.otherwise, OtherwiseForm):
        _check_credits(what, form, form.otherwise, folder)
    return Obligation(
        name,
        folder.defined["obligations"][name],
        of=form.of,
        tickets=form.tickets,
        within=form.within,
        counted=form.counted,
        outages=form.outages,
        at_least=form.at_least,
        at_most=form.at_most,
        per=form.per,
        minimum_tickets=form.minimum_tickets,
        unit=form.unit,
        excluding=None if form.excluding is None else tuple(dict.fromkeys(form.excluding)),
        warn=tuple(
            ForecastWarning(each.when, tuple(dict.fromkeys(each.tell)), each.where())
            for each in form.warn or ()
        ),
        otherwise=otherwise,
        counting=_counting(form.counting),
        from_at=from_at,
        until_at=until_at,
        places=places,
    )


def _counting(form: CountingForm | None) -> Counting:
    if form is None:
        return Counting()
    lines = tuple(form.lines) if form.lines else None
    own = (form.ivr, form.outside_hours, form.callback, form.ignore_under, form.window)
    return Counting(*own, lines)


def _consequence(form: Literal["none"] | OtherwiseForm | None) -> Consequence | None:
    if form is None:
        return None
    if not isinstance(form, OtherwiseForm):
        return Consequence()
    per_breach = form.per_breach
    return Consequence(
        credit=tuple(_band(band) for band in form.credit or ()),
        per_breach=PerBreach(per_breach.share_of_fee, per_breach.amount) if per_breach else None,
        cap=form.cap,
        settled=form.settled,
        claim="on_request" if isinstance(form.claim, ClaimForm) else form.claim,
        claim_days=form.claim.within if isinstance(form.claim, ClaimForm) else None,
        beyond_credit=_beyond(form.beyond_credit),
    )


def _band(form: BandForm) -> CreditBand:
    edge: Literal["below", "above"] = "above" if form.above is not None else "below"
    return CreditBand(edge, _level(form), form.share_of_fee, form.where())


def _beyond(
    form: Literal["excluded", "as_law"] | CappedForm | None,
) -> BeyondCredit | None:
    if form is None:
        return None
    if isinstance(form, CappedForm):
        return BeyondCredit("capped", form.capped)
    return BeyondCredit(form)


def _check_credits(
    what: str, form: ObligationForm, otherwise: OtherwiseForm, folder: Folder
) -> None:
    """Bands fall in order, start at the promise, and fit under the cap."""
    what = f"{what}.otherwise"
    bands = otherwise.credit or []
    if form.is_whole:
        _check_edges(what, form, bands, folder)
    if otherwise.cap is not None and otherwise.cap > 1:
        hint = "a credit never exceeds the fee of its period"
        message = "a cap is at most 100% of the fee"
        folder.problem(otherwise.where("cap"), "STP112", what, message, hint)
    elif otherwise.cap is not None and bands:
        largest = max(bands, key=lambda band: band.share_of_fee)
        if largest.share_of_fee > otherwise.cap:
            later, hint = _later(largest.where("share_of_fee"), otherwise.where("cap"))
            message = "a credit is larger than the cap, so it can never apply"
            folder.problem(later, "STP113", what, message, hint)
    for band in bands:
        if band.share_of_fee > 1:
            place = band.where("share_of_fee")
            folder.problem(place, "STP112", what, "a credit is at most 100% of the fee")


def _check_edges(what: str, form: ObligationForm, bands: list[BandForm], folder: Folder) -> None:
    """Every band is on the side of the promise; the first starts there, the others get worse."""
    edge: Literal["below", "above"] = "above" if form.at_most is not None else "below"
    promise = "at_most" if edge == "above" else "at_least"
    promised = form.at_most if edge == "above" else form.at_least
    for band in bands:
        if not band.wrote(edge):
            if promised is not None:
                place, hint = _later(
                    band.where("below" if edge == "above" else "above"), form.where(promise)
                )
                message = f"{promise} is missed {edge} its level, so write {edge}"
                folder.problem(place, "STP111", what, message, hint)
            return
    if promised is not None and bands and _level(bands[0]) != promised:
        place, hint = _later(bands[0].where(edge), form.where(promise))
        message = f"the first credit starts {edge} another level than the promised one"
        folder.problem(place, "STP117", what, message, hint)
    _check_order(what, edge, bands, folder)


def _later(first: Where, second: Where) -> tuple[Where, str]:
    """The later of two places, and a hint at the other."""
    other, later = sorted((first, second))
    return later, f"the other is at {other.line}:{other.column}"


def _check_order(
    what: str, edge: Literal["below", "above"], bands: list[BandForm], folder: Folder
) -> None:
    """Levels get worse and credits larger from band to band."""
    verb = "rise" if edge == "above" else "fall"
    for band, following in pairwise(bands):
        first, then = _level(band), _level(following)
        if (then <= first) if edge == "above" else (then >= first):
            message = f"levels must {verb} from band to band"
            folder.problem(following.where(edge), "STP111", what, message)
        if following.share_of_fee <= band.share_of_fee:
            message = "credits must rise from band to band"
            folder.problem(following.where("share_of_fee"), "STP111", what, message)


def _level(band: BandForm) -> Fraction:
    return band.above if band.above is not None else band.below or Fraction(0)


def resolve_exclusions(folder: Folder, time_zone: str) -> tuple[Exclusion, ...]:
    """All approved exceptions, in the order of their places."""
    found = []
    for file in folder.rules:
        found += [_exclusion(form, folder, time_zone) for form in file.exclusions]
    return tuple(found)


def _exclusion(form: ExclusionForm, folder: Folder, time_zone: str) -> Exclusion:
    from_at = form.from_.instant(time_zone) if form.from_ else None
    until_at = form.until.instant(time_zone) if form.until else None
    places = form.places()
    if from_at and until_at and until_at <= from_at:
        report_reversed(folder, "exclusions", places)
    return Exclusion(
        form.reason,
        form.by,
        form.approved_on,
        form.because,
        form.where(),
        tickets=frozenset(form.tickets or ()),
        from_at=from_at,
        until_at=until_at,
        places=places,
    )
