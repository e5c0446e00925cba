"""Families of templates: what varies is found out by seeing it vary."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.templates import TemplateFamilies, strangers

TOPICS = [f"published event to topic {topic} in time" for topic in ("orders", "payments", "stock", "mail", "refunds")]
SENTENCES = st.lists(
    st.builds(
        "the {} node said {} to all others".format,
        st.sampled_from(["red", "green", "blue", "white", "black", "<*>"]),
        st.sampled_from(["yes", "no", "maybe", "later", "never"]),
    ),
    max_size=30,
)


def families(texts: list[str]) -> dict[str, str]:
    known = TemplateFamilies(texts)
    return {text: known.family_of(text) for text in texts}


def test_a_place_where_many_words_stood_is_a_value() -> None:
    assert set(families(TOPICS).values()) == {"published event to topic <*> in time"}


def test_the_next_word_there_is_nothing_new() -> None:
    known = TemplateFamilies(TOPICS)
    assert known.family_of("published event to topic audit in time") == known.family_of(TOPICS[0])
    assert known.family_of("deleted event to topic audit in time") == "deleted event to topic audit in time"


def test_few_words_are_wording() -> None:
    few = TOPICS[:3]
    assert families(few) == {text: text for text in few}


def test_a_wildcard_is_a_word_like_others() -> None:
    found = families([*TOPICS[:3], "published event to topic <*> in time"])
    assert set(found.values()) == {"published event to topic <*> in time"}


@pytest.mark.parametrize("statement", ["{} startup succeeded", "{} failed", "connect: {}", "GET /{} ok"])
def test_two_statements_with_little_in_common_stay_two(statement: str) -> None:
    texts = [statement.format(word) for word in ("login", "refund", "mail", "search", "stock", "cart")]
    assert families(texts) == {text: text for text in texts}


def test_signs_are_wording() -> None:
    known = TemplateFamilies(TOPICS)
    assert known.family_of("published event to topic [audit] in time") == "published event to topic [audit] in time"


def test_two_places_that_vary() -> None:
    texts = [
        f"moved {thing} from the {place} to the attic"
        for thing in ("box", "lamp", "chair", "desk")
        for place in ("hall", "shed", "cellar", "porch")
    ]
    known = TemplateFamilies(texts)
    assert {known.family_of(text) for text in texts} == {"moved <*> from the <*> to the attic"}
    assert known.family_of("moved piano from the garden to the attic") == "moved <*> from the <*> to the attic"


@settings(max_examples=100, deadline=None)
@given(SENTENCES, st.randoms(use_true_random=False))
def test_order_does_not_matter(texts: list[str], random: Random) -> None:
    assert families(random.sample(texts, len(texts))) == families(texts)


@settings(max_examples=100, deadline=None)
@given(SENTENCES, SENTENCES)
def test_learning_only_ever_merges(texts: list[str], more: list[str]) -> None:
    before, after = families(texts), families([*texts, *more])
    assert all(after[one] == after[other] for one in texts for other in texts if before[one] == before[other])


@given(SENTENCES)
def test_what_was_learned_is_enough_to_go_on_from(texts: list[str]) -> None:
    known = TemplateFamilies(texts)
    again = TemplateFamilies(known.texts())
    assert [again.family_of(text) for text in texts] == [known.family_of(text) for text in texts]


@given(SENTENCES)
def test_a_family_is_its_own_family(texts: list[str]) -> None:
    known = TemplateFamilies(texts)
    assert all(known.family_of(family) == family for family in map(known.family_of, texts))


def test_it_is_bounded() -> None:
    known = TemplateFamilies(TOPICS, limit=4)
    for number in range(100):
        known.learn(f"another statement altogether {'x' * number}")
    assert len(known) == 4
    assert known.family_of(TOPICS[4]) == "published event to topic <*> in time"


def test_a_stranger_is_of_no_known_family() -> None:
    audit, other = "published event to topic audit in time", "charge declined by the bank"
    assert strangers([audit, other], TOPICS) == {other}
    assert strangers([audit], TOPICS[:2]) == {audit}
    # With the fresh ones the place is known to vary: the first of its values were seen before.
    assert strangers(TOPICS[2:], TOPICS[:2]) == frozenset()
    assert strangers(TOPICS, []) == set(TOPICS)
    assert strangers([], TOPICS) == frozenset()
