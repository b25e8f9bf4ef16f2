# SPDX-License-Identifier: GPL-3.0-or-later
"""Which conditions exclude each other and which follow from others."""

from hypothesis import given
from hypothesis import strategies as st

from rules.condition_sets import Cases, EarlierConditions, can_hold_together, cases, implies
from rules.policy import EVERYTHING, AllOf, AnyOf, Condition, Not, PathIs
from rules.select import State, compile_condition

BRANDS = ("a", "b", "c")


def brand(*values: str) -> PathIs:
    return PathIs("brand", frozenset(values))


def tagged(*values: str) -> PathIs:
    return PathIs("tags", frozenset(values))


def together(first: Condition, second: Condition) -> bool:
    one, other = cases(first), cases(second)
    assert one is not None
    assert other is not None
    return can_hold_together(one, other)


def follows(first: Condition, second: Condition) -> bool:
    one, other = cases(first), cases(second)
    assert one is not None
    assert other is not None
    return implies(one, other)


def test_values_without_a_common_one_exclude_each_other():
    assert not together(brand("a"), brand("b", "c"))
    assert together(brand("a", "b"), brand("b", "c"))
    assert not together(brand("a"), Not(brand("a", "b")))


def test_tags_never_exclude_each_other():
    assert together(tagged("a"), tagged("b"))


def test_more_demands_follow_from_fewer_values():
    assert follows(AllOf((brand("a"), tagged("x"))), brand("a", "b"))
    assert not follows(brand("a", "b"), brand("a"))
    assert follows(brand("a"), EVERYTHING)
    assert not follows(EVERYTHING, brand("a"))
    assert follows(AnyOf((brand("a"), brand("b"))), brand("a", "b"))
    assert follows(brand("a"), Not(brand("b")))


def test_too_many_alternatives_cannot_be_told():
    either = [
        AnyOf((PathIs(f"ticket.fields.{n}", frozenset({"1"})), tagged(str(n)))) for n in range(9)
    ]
    assert cases(AllOf(tuple(either))) is None
    assert cases(AnyOf((brand("a"), AllOf(tuple(either))))) is None


conditions = st.recursive(
    st.builds(
        PathIs,
        st.sampled_from(["brand", "group", "tags"]),
        st.frozensets(st.sampled_from(BRANDS), min_size=1),
    ),
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=1, max_size=2).map(lambda parts: AllOf(tuple(parts)))
        | st.lists(inner, min_size=1, max_size=2).map(lambda parts: AnyOf(tuple(parts)))
    ),
    max_leaves=5,
)
states = st.fixed_dictionaries(
    {
        "brand": st.sampled_from([*BRANDS, None]),
        "group": st.sampled_from([*BRANDS, None]),
        "tags": st.lists(st.sampled_from(BRANDS), unique=True).map(tuple),
    }
)


@given(conditions, conditions, states)
def test_the_engine_never_contradicts_what_was_told(
    first: Condition, second: Condition, state: State
):
    one, other = cases(first), cases(second)
    assert one is not None
    assert other is not None
    holds, also_holds = compile_condition(first)(state), compile_condition(second)(state)
    if holds and also_holds:
        assert can_hold_together(one, other)
    if implies(one, other) and holds:
        assert also_holds


def test_one_tag_says_nothing_about_another():
    assert not follows(tagged("a"), Not(tagged("b")))


def _cases(condition: Condition) -> Cases:
    found = cases(condition)
    assert found is not None
    return found


def test_what_can_never_hold_follows_from_the_first_condition_there_is():
    earlier = EarlierConditions()
    nothing = _cases(AnyOf(()))
    assert earlier.first_implied_by(nothing) is None
    earlier.add(_cases(brand("a")))
    assert earlier.first_implied_by(nothing) == 0


def test_an_earlier_condition_is_found_by_what_it_excludes_too():
    earlier = EarlierConditions()
    for condition in (brand("b"), Not(brand("a", "b")), Not(brand("a"))):
        earlier.add(_cases(condition))
    assert earlier.first_implied_by(_cases(Not(brand("a")))) == 2
    assert earlier.first_implied_by(_cases(brand("c"))) == 1
    assert earlier.first_implied_by(_cases(brand("a"))) is None
