"""How alike two templates are."""

from hypothesis import given
from hypothesis import strategies as st

from analyzers.templates import likeness

TEXT = st.text(alphabet="ab [],:<*>", max_size=40)


def test_one_word_of_many_differs() -> None:
    assert likeness("[query][station: suzhou] took <*> ms", "[query][station: nanjing] took <*> ms") > 0.7


def test_other_statements_are_not_alike() -> None:
    assert likeness("charge for order <*> authorised", "queued order <*> for later delivery") < 0.5
    assert likeness("ready", "one two three four five") == 0.0


@given(TEXT, TEXT)
def test_it_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert likeness(one, one) == 1.0
    assert 0.0 <= likeness(one, other) <= 1.0
    assert likeness(one, other) == likeness(other, one)
