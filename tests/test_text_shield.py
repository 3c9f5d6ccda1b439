"""What must not change: found, kept, disguised, taken out and put back."""

from __future__ import annotations

import pytest

from calque.text import shield
from calque.text.repair import repaired
from calque.text.words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://b.org/x?y=(1). Or www.b.org, b.com!", ["https://b.org/x?y=(1)", "www.b.org", "b.com"]),
        ("(http://a.b/c)", ["http://a.b/c"]),
        ("Mail a.b+c@d-e.org.", ["a.b+c@d-e.org"]),
        ("{name} {{x}} ${y} {0:.2f}", ["{name}", "{{x}}", "${y}", "{0:.2f}"]),
        ("%s, %(x)d, %1$s and %.2f", ["%s", "%(x)d", "%1$s", "%.2f"]),
        ("GET :param or a: b, he said:yes", [":param"]),
        ("<b>bold</b> &amp; <br/>", ["<b>", "</b>", "&amp;", "<br/>"]),
        ("@anna wrote #sun_2 to me", ["@anna", "#sun_2"]),
        ("3 km, 12,50 €, $5, 50%, -4 °C, 10:30, 2024-05-06", None),
        ("a 1,234.56 b", ["1,234.56"]),
        ("我跑了5公里", ["5"]),
        ("The 21st MP3 in 3D", []),
        ("50% discount", ["50%"]),
        ("😀 👍🏽 👨‍👩‍👧 🇫🇷 1️⃣ ❤️", ["😀", "👍🏽", "👨‍👩‍👧", "🇫🇷", "1️⃣", "❤️"]),
        ("Nothing here, not even e.g. this.", []),
    ],
)
def test_items(text, found):
    wanted = text.split(", ") if found is None else found
    assert [item.text for item in shield.items(text)] == wanted
    assert all(text[item.start : item.end] == item.text for item in shield.items(text))


def test_kept_counts_each():
    wanted = shield.items("3 and 3 at b@c.org")
    assert shield.kept(wanted, "b@c.org: 3, 3 (deux, 2)")
    assert not shield.kept(wanted, "b@c.org: 3")
    assert not shield.kept(wanted, "b@c.org: 3, 3, 3")
    assert not shield.kept(wanted, "b@c.org: 33")


def test_a_disguise_is_lifted_only_where_it_is_seen():
    text = "Ask {name} for 3 km."
    first, *_ = shield.disguises(text, shield.items(text))
    assert first.text == "Ask Max for 7."
    assert first.lifted("Demandez 7 à Max.") == "Demandez 3 km à {name}."
    assert first.lifted("Demandez à Maxime.") is None
    assert first.lifted("Max, Max, 7") is None
    assert shield.disguises("Max %s", shield.items("Max %s"))[0].text == "Max Paris"


def test_items_taken_out_and_put_back():
    text = "A boy and his %s #sun brother (%d) play 😀."
    left, gaps = shield.without(text, shield.items(text))
    assert left == "A boy and his brother () play."
    assert shield.filled(left, [(gap.place, gap) for gap in gaps]) == text
    assert shield.filled("Bonjour.", [(7, gaps[0]), (7, gaps[1])]) == "Bonjour %s #sun."


def test_apart_gives_the_text():
    text = "%s is 3 km from <b>here</b>"
    stretches = shield.apart(text, shield.items(text))
    assert "".join(stretch for stretch, _ in stretches) == text
    assert [stretch for stretch, fixed in stretches if fixed] == ["%s", "3 km", "<b>", "</b>"]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("la cafÃ©tÃ©ria", "la cafétéria"),
        ("e\u0301te\u0301", "été"),
        ("a\x07b", "ab"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("“ﬁn” ＡＢ &amp; l’été… it's", "“ﬁn” ＡＢ &amp; l’été… it's"),
    ],
)
def test_repair_changes_nothing_that_is_meant(broken, whole):
    assert repaired(broken) == whole


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("L'homme n'a qu’un chien-loup.", ["L'", "homme", "n'", "a", "qu’", "un", "chien-loup", "."]),
        ("I don't know, (really)!", ["I", "don't", "know", ",", "(", "really", ")", "!"]),
        ("小狗 runs", ["小", "狗", "runs"]),
        ("See {x} at 3 km", ["See", "{x}", "at", "3 km"]),
    ],
)
def test_words(text, found):
    assert [text[start:end] for start, end in words(text)] == found


HOSTILE = (
    "a",
    "a.",
    "a-a",
    "a@",
    "1.",
    "1-",
    "www.",
    "http://",
    ":a",
    "%(",
    "{",
    "<a ",
    "&",
    "a.com(",
    "e\u0301",
    "1 ",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_take_time_in_proportion(piece):
    """What grew with the square took minutes here."""
    text = piece * (100_000 // len(piece)) + "@"
    found = shield.items(text)
    assert len(shield.whole(text, range(0, len(text), 5))) <= len(text)
    assert len(shield.without(text, found)[0]) <= len(text)
