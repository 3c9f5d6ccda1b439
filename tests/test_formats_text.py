from __future__ import annotations

import pytest

from calque.errors import DataError
from calque.formats.format import open_document
from calque.formats.text import TextDocument
from calque.records import Translation


def upper(document) -> bytes:
    return document.write([Translation(one.text.upper(), 0.0) for one in document.segments])


def same(document) -> bytes:
    return document.write([Translation(one.text, 0.0) for one in document.segments])


def test_lines_indents_bullets_and_line_ends_stay():
    content = b"\xef\xbb\xbf  One.\r\n\r\n\t* two  \n3. three\r > four\n# five\n\n   \nsix"
    document = TextDocument(content)
    assert [one.text for one in document.segments] == ["One.", "two", "three", "four", "five", "six"]
    assert same(document) == content
    assert upper(document) == b"\xef\xbb\xbf  ONE.\r\n\r\n\t* TWO  \n3. THREE\r > FOUR\n# FIVE\n\n   \nSIX"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encoding_is_kept(encoding):
    content = "Été.\nà 学\n".encode(encoding)
    assert upper(TextDocument(content)) == "ÉTÉ.\nÀ 学\n".encode(encoding)


def test_a_line_stays_a_line_whatever_its_translation_holds():
    assert TextDocument(b"a\nb\n").write([Translation("x\ny", 0.0), Translation("z", 0.0)]) == b"x y\nz\n"


def test_other_separators_do_not_end_a_line():
    content = "a\u2028b\x0bc\x85d\n".encode()
    document = TextDocument(content)
    assert len(document.segments) == 1
    assert same(document) == content


def test_code_blocks_of_markdown_are_left_alone():
    content = b"Run:\n\n```sh\nmake it\n~~~\n```\n\nThen wait.\n"
    assert upper(open_document(content, "a.md")) == b"RUN:\n\n```sh\nmake it\n~~~\n```\n\nTHEN WAIT.\n"
    assert b"MAKE IT" in upper(open_document(content, "a.txt"))


def test_an_empty_file_has_nothing_to_translate():
    assert TextDocument(b"").segments == ()
    assert TextDocument(b"").write([]) == b""


def test_bytes_that_are_no_text_are_refused_with_their_line():
    with pytest.raises(DataError, match=r"a\.txt:2: byte 0xE9 at offset 7 is not utf-8: convert the file to UTF-8"):
        open_document(b"one\ncaf\xe9\n", "a.txt")
    with pytest.raises(DataError, match=r"a\.txt:3: there is a NUL"):
        open_document(b"one\ntwo\n\0", "a.txt")


def test_an_unknown_ending_is_refused_with_the_nearest():
    with pytest.raises(DataError, match=r"no format has the ending '\.htlm'; did you mean '\.htm'\? \(known: "):
        open_document(b"", "page.htlm")


def test_as_many_translations_as_segments():
    with pytest.raises(ValueError, match="0 translations for 1 segments"):
        TextDocument(b"a").write([])
