"""What can be wrong with one text or pair."""

from __future__ import annotations

import pytest

from calque.corpus.defect import broken, controlled, copied, numbers_differ, ratio, shown, too_long
from calque.corpus.plain import lines
from calque.records import Pair


@pytest.mark.parametrize(
    "text", ["L'Ã©tÃ©", "hÃ´tel", "lâ€™eau", "10Â â‚¬", "ï¿½", "caf\ufffd", "dÃ©jÃ\xa0 vu", "truthsâ\x80\x94all"]
)
def test_wrongly_decoded_text_is_broken(text):
    assert broken(text)


@pytest.mark.parametrize(
    "text",
    [
        "été",
        "À «\u202foui\u202f»",
        "à\u00a0« oui »",
        "CAFÉ…",
        "NÃO",
        "Ångström",
        "½ £5",
        "ÉTÉ’",
        "Größe „groß“",
        "👩‍👩‍👧",
        "日本",
        "naïve – café",
    ],
)
def test_sound_text_is_not_broken(text):
    assert not broken(text)


def test_breaking_real_text_is_seen_and_sound_text_is_not(data):
    for code in ("fra_Latn", "deu_Latn", "por_Latn", "spa_Latn"):
        texts = list(lines(data / "flores200" / f"dev.{code}"))
        assert not any(map(broken, texts))
        wrong = [text.encode().decode("cp1252", "replace") for text in texts if not text.isascii()]
        assert sum(map(broken, wrong)) > 0.98 * len(wrong)


@pytest.mark.parametrize(
    "character", ["\x01", "\x0b", "\x1c", "\x7f", "\x85", "\x92", "\u2028", "\u2029", "\ufeff", "\r", "\x1b"]
)
def test_control_characters(character):
    assert controlled(f"a{character}b")


@pytest.mark.parametrize(
    "text", ["plain", "tab\tbed", "two\nlines", "no\u00a0break\u202f", "joined\u200d", "👩‍👩‍👧", "אב\u200f"]
)
def test_harmless_invisible_characters(text):
    assert not controlled(text)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Hello there", "Hello there", True),
        (" Hello ", "Hello", True),
        ("Hello", "hello", False),
        ("12:30", "12:30", False),
        ("https://example.org/a", "https://example.org/a", False),
        ("...", "...", False),
    ],
)
def test_copies(source, target, expected):
    assert copied(Pair(source, target, 1, "x")) is expected


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("no", "non", None),
        ("ten", "10", None),  # spelled out
        ("2 dogs", "deux chiens", None),
        ("1,000 dogs", "1 000 chiens", False),
        ("10 dogs", "12 chiens", True),
        ("in 1972", "en mille neuf cent soixante-douze", True),
        ("it&#39;s", "c'est", None),
        ("it&#x2019;s 300", "c'est 300", False),
    ],
)
def test_numbers(source, target, expected):
    assert numbers_differ(source, target) is expected


def test_lengths():
    assert ratio("x" * 90, "x" * 190) == pytest.approx(0.6931, abs=1e-4)
    assert not too_long("x" * 1000)
    assert too_long("x" * 1001)


def test_examples_are_short_and_harmless_on_a_terminal():
    assert shown("a\x1b[31mb\x0b\u2028\ufeff") == r"a\x1b[31mb\x0b\u2028\ufeff"
    assert shown("l’été\u202f? 👩‍👩‍👧") == "l’été\u202f? 👩‍👩‍👧"
    assert shown("x" * 100) == "x" * 77 + "..."
