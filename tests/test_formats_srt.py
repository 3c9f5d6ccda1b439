from __future__ import annotations

import pytest

from calque.errors import DataError
from calque.formats.srt import SrtDocument
from calque.records import Alignment, Translation, Word

PLAIN = b"1\n00:00:01,000 --> 00:00:02,000\nHello, you.\nHow are you?\n\n2\n00:00:03,000 --> 00:00:04,000\nGood.\n"


def texts(document) -> list[str]:
    return [one.text for one in document.segments]


def written(content: bytes, *translations: str) -> str:
    return SrtDocument(content).write([Translation(text, 0.0) for text in translations]).decode()


def test_lines_of_a_cue_are_one_segment_and_come_back_as_lines():
    assert texts(SrtDocument(PLAIN)) == ["Hello, you. How are you?", "Good."]
    assert written(PLAIN, "Bonjour, toi. Comment ça va ?", "Bien.") == (
        "1\n00:00:01,000 --> 00:00:02,000\nBonjour, toi.\nComment ça va ?\n\n2\n00:00:03,000 --> 00:00:04,000\nBien.\n"
    )


def test_the_file_comes_back_where_nothing_changes():
    odd = (
        b"\xef\xbb\xbf1\r\n00:00:01,000 --> 00:00:03,000\r\n<i>I'm here.</i>\r\n- I want it.\r\n\r\n"
        b"2\r\n00:00:02,500 --> 00:00:02,000\r\nLate.\r\n\r\n2\r\n00:00:05.000 --> 00:00:06.000 X1:0 X2:10\r\n"
        b"{\\an8}Up.\r\n\r\n4\r\n00:00:07,000 -> 00:00:08,000\r\nArrow.\r\n\r\n5\r\n00:00:09,000 --> 00:00:10,000\r\n"
        b"\r\n\r\n6\r\n99:59:59,999 --> 100:00:01,000\r\n\xe2\x99\xaa Song. \xe2\x99\xaa"
    )
    document = SrtDocument(odd)
    assert texts(document) == ["I'm here.", "I want it.", "Late.", "Up.", "Arrow.", "Song."]
    assert document.write([Translation(text, 0.0) for text in texts(document)]) == odd
    changed = document.write([Translation(text.upper(), 0.0) for text in texts(document)])
    assert changed.lower() == odd.lower()


def test_a_line_that_gets_too_long_is_broken():
    long = "Ceci est une phrase qui est bien trop longue pour une seule ligne de sous-titre."
    assert written(PLAIN, "A", long).splitlines()[6:] == [
        "Ceci est une phrase qui est bien trop",
        "longue pour une seule ligne de sous-titre.",
    ]


def test_east_asian_text_is_broken_between_characters():
    lines = written(PLAIN, "A", "今天的天气非常好我们一起去公园散步然后回家吃晚饭看电影").splitlines()[6:]
    assert "".join(lines) == "今天的天气非常好我们一起去公园散步然后回家吃晚饭看电影"
    assert [len(line) for line in lines] == [14, 13]


def test_tags_around_a_cue_stay_and_those_inside_follow_their_words():
    content = b"1\n00:00:01,000 --> 00:00:02,000\n<i>{\\an8}The <b>red</b> car.</i>\n"
    document = SrtDocument(content)
    assert [(one.text, one.marked) for one in document.segments] == [("The red car.", True)]
    source = (Word(0, 3), Word(4, 7), Word(8, 11))
    target = (Word(0, 2), Word(3, 10), Word(11, 16))
    aligned = Translation("La voiture rouge.", 0.0, alignment=Alignment(source, target, ((0, 0), (1, 2), (2, 1))))
    assert document.write([aligned]).decode().splitlines()[2] == "<i>{\\an8}La voiture <b>rouge</b>.</i>"


def test_each_speaker_is_a_segment():
    content = b"1\n00:00:01,000 --> 00:00:02,000\n- Where?\n- Over there,\nat home.\n"
    assert texts(SrtDocument(content)) == ["Where?", "Over there, at home."]
    assert written(content, "Où ?", "Là, à la maison.").splitlines()[2:] == ["- Où ?", "- Là, à la", "maison."]


def test_a_translation_cannot_end_its_cue():
    assert written(PLAIN, "A\n\n7\n00:00:00,000 --> 00:00:01,000\nB", "C").count("\n\n") == 1


@pytest.mark.parametrize(
    ("content", "line", "shown"),
    [
        (b"1\nHello.\n", 2, "Hello."),
        (b"1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n00:00:0x --> 00:00:03,000\nB\n", 6, "00:00:0x"),
        (b"Only words.\n", 1, "Only words."),
        (b"1\n", 1, "1"),
    ],
)
def test_a_cue_without_times_is_refused_with_its_line(content, line, shown):
    with pytest.raises(DataError, match=f"subtitles.srt:{line}: expected a line of times .* found '{shown}"):
        SrtDocument(content)


def test_an_empty_line_inside_a_cue_ends_nothing_that_is_spoken():
    content = b"1\n00:00:01,000 --> 00:00:02,000\nOne.\n\nTwo.\n\n2\n00:00:03,000 --> 00:00:04,000\nThree.\n"
    assert texts(SrtDocument(content)) == ["One.", "Two.", "Three."]


def test_a_tag_that_is_not_closed_ends_with_its_cue():
    text = (
        "1\n00:00:01,000 --> 00:00:02,500\nThe man <i>sees a house.\n\n"
        "2\n00:00:03,000 --> 00:00:04,500\n- A dog runs.\n- <b>Yes.</b>\n"
    )
    document = SrtDocument(text.encode())
    said = [segment.text for segment in document.segments]
    assert said == ["The man sees a house.", "A dog runs.", "Yes."]
    written = document.write([Translation(one.upper(), 0.0) for one in said]).decode()
    assert [line for line in written.splitlines() if "-->" in line] == [
        "00:00:01,000 --> 00:00:02,500",
        "00:00:03,000 --> 00:00:04,500",
    ]
    assert written.splitlines()[5:8] == ["00:00:03,000 --> 00:00:04,500", "- A DOG RUNS.", "- <b>YES.</b>"]


@pytest.mark.parametrize("hostile", ["a" + " " * 200_000 + "b", "<a " * 60_000, "<i>x " * 60_000, "♪" * 200_000 + "x"])
def test_hostile_cues_take_time_in_proportion(hostile):
    """What grew with the square took minutes here."""
    SrtDocument(f"1\n00:00:01,000 --> 00:00:02,500\n{hostile}\n".encode())
