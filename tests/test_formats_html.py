from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from calque.errors import DataError
from calque.formats.html import HtmlDocument, fragment
from calque.formats.inert import ACTIVE, inert
from calque.formats.markup import Markup
from calque.formats.reader import Rules
from calque.formats.tag import RAW, tokens
from calque.records import Alignment, Translation, Word

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>A &amp; B</title>
<script>if (a < b) { go("stay") }</script><style>p > a { color: red }</style></head>
<body class=home><!-- stays -->
<p>The&nbsp;<b>red</b> car
   is &eacute;legant.<br>A second line.</p>
<pre>  as it is </pre><img src=a.png alt="A dog">
<p>Run <code>ls -l</code> <a href='/x' title='More'>now</a>!</p>
<p translate="no">Keep me</p><p class="a notranslate">And me</p>
<ul><li>one<li>two</ul><p>12 : 30</p>
"""


def texts(markup) -> list[str]:
    return [one.text for one in markup.segments]


def upper(markup) -> str:
    return markup.render(
        [Translation(re.sub(r"[^{}]+", lambda m: m[0].upper(), one.text), 0.0) for one in markup.segments]
    )


def test_segments_are_what_a_reader_sees():
    assert texts(Markup(PAGE)) == [
        "A & B",
        "The\xa0red car is élegant.",
        "A second line.",
        "A dog",
        "Run {0} now!",
        "More",
        "one",
        "two",
    ]


def test_bytes_come_back_where_nothing_changes():
    document = HtmlDocument(PAGE.encode())
    assert document.write([Translation(one.text, 0.0) for one in document.segments]) == PAGE.encode()


def test_only_segments_change():
    assert upper(Markup(PAGE)) == (
        PAGE.replace("A &amp; B", "A &amp; B")
        .replace("The&nbsp;<b>red</b> car\n   is &eacute;legant.", "THE\xa0<b>RED</b> CAR IS ÉLEGANT.")
        .replace("A second line.", "A SECOND LINE.")
        .replace('"A dog"', '"A DOG"')
        .replace(
            "Run <code>ls -l</code> <a href='/x' title='More'>now</a>!",
            "RUN <code>ls -l</code> <a href='/x' title='MORE'>NOW</a>!",
        )
        .replace("<li>one<li>two", "<li>ONE<li>TWO")
    )


def test_elements_follow_the_alignment_of_their_words():
    page = Markup("<p>The <b>red</b> <a href=x>car</a></p>")
    source = (Word(0, 3), Word(4, 7), Word(8, 11))
    target = (Word(0, 2), Word(3, 10), Word(11, 16))
    said = Translation("La voiture rouge", 0.0, alignment=Alignment(source, target, ((0, 0), (1, 2), (2, 1))))
    assert page.render([said]) == "<p>La <a href=x>voiture</a> <b>rouge</b></p>"


def test_without_an_alignment_they_go_by_their_own_words_and_by_proportion():
    page = Markup("<p>See <a href=x>Python 3</a> for <b>more</b>.</p>")
    assert page.render([Translation("Pour en savoir plus, voir Python 3.", 0.0)]) == (
        "<p>Pour en savoir plus, <b>voir</b> <a href=x>Python 3</a>.</p>"
    )


def test_nested_elements_stay_nested_and_none_is_lost():
    page = Markup("<p><i>One <b>two</b></i> <u>three</u> four<wbr>five <a id=x></a>end</p>")
    for text in ("Un deux trois quatre", "Un", "", "Un deux trois quatre cinq six sept huit"):
        out = page.render([Translation(text, 0.0)])
        assert re.sub(r"<[^>]*>", "", out) == text
        assert sorted(re.findall(r"<[^>]*>", out)) == sorted(re.findall(r"<[^>]*>", page.text))
        assert _is_nested(out)


def _is_nested(text: str) -> bool:
    stack: list[str] = []
    for token in tokens(text):
        if token.kind == "open" and not token.closed:
            stack.append(token.name)
        elif token.kind == "close" and (not stack or stack.pop() != token.name):
            return False
    return not stack


def test_a_placeholder_that_got_lost_is_put_back():
    page = Markup("<p>Press <kbd>F1</kbd> twice</p>")
    assert page.render([Translation("Deux fois {0} appuyer", 0.0)]) == "<p>Deux fois <kbd>F1</kbd> appuyer</p>"
    assert page.render([Translation("Appuyer deux fois", 0.0)]).count("<kbd>F1</kbd>") == 1
    assert page.render([Translation("{0} et {0} appuyer", 0.0)]) == "<p><kbd>F1</kbd> et  appuyer</p>"


def test_tags_that_are_closed_crosswise_end_a_segment_and_none_is_lost():
    for text in ("<b>one <i>two</b> three</i>", "<b>one </i>two</b>", "<u><b>one <i>two</b></u> three", "<b>a <i>b"):
        page = Markup(text)
        out = page.render([Translation(one.text.upper(), 0.0) for one in page.segments])
        assert out.lower() == text


def test_a_placeholder_is_none_that_the_text_has():
    assert texts(Markup("<p>{0} or {1} <code>x</code></p>")) == ["{0} or {1} {2}"]


def test_what_decodes_to_markup_comes_out_as_text():
    page = Markup('<p title="&lt;b&gt; &quot;x&quot;">&lt;script&gt;alert(1)&lt;/script&gt;</p>')
    assert texts(page) == ["<script>alert(1)</script>", '<b> "x"'] or texts(page) == [
        '<b> "x"',
        "<script>alert(1)</script>",
    ]
    assert upper(page) == '<p title="&lt;B&gt; &quot;X&quot;">&lt;SCRIPT&gt;ALERT(1)&lt;/SCRIPT&gt;</p>'


def test_a_bare_value_gets_quotes_when_it_changes():
    assert Markup("<img alt=dog src=x>").render([Translation('un "chien" > 1', 0.0)]) == (
        '<img alt="un &quot;chien&quot; &gt; 1" src=x>'
    )


def test_broken_markup_is_kept():
    for text in ("<p>a < b && c <d", "<b>x<i>y</b>z</i>", "</p>x</ b>y<!-->z<!-- w", "<a href='x>y", "<p/>q<>r</>"):
        page = Markup(text)
        assert page.render([Translation(one.text, 0.0) for one in page.segments]) == text


def test_encodings_are_those_of_the_file():
    latin = '<meta charset="iso-8859-1"><p>caf\xe9</p>'.encode("latin-1")
    document = HtmlDocument(latin)
    assert [one.text for one in document.segments] == ["café"]
    assert document.write([Translation("é学", 0.0)]) == b'<meta charset="iso-8859-1"><p>\xe9&#23398;</p>'
    with pytest.raises(DataError, match=r"page\.html:2: byte 0xE9"):
        HtmlDocument(b"<p>a</p>\n<p>caf\xe9</p>")
    with pytest.raises(DataError, match="unknown encoding 'klingon'"):
        HtmlDocument(b"<meta charset=klingon><p>a")


def test_xml_has_its_own_rules():
    text = "<doc><title>One</title><p>Press <key/> <em>now</em> <!-- c --> &amp; go</p><x><![CDATA[<a>]]></x></doc>"
    assert texts(Markup(text, Rules(xml=True))) == ["One", "Press {0} now & go"]
    assert upper(Markup(text, Rules(xml=True))) == (
        "<doc><title>ONE</title><p>PRESS <key/> <em>NOW</em> <!-- c -->&amp; GO</p><x><![CDATA[<a>]]></x></doc>"
    )
    assert texts(Markup("<a>x <b>y</b></a>", Rules(xml=True, splitting=frozenset({"b"})))) == ["x", "y"]
    assert texts(Markup("<a>x</a><b>y</b>", Rules(xml=True))) == ["x", "y"]
    assert texts(Markup("<a>x</a> <b>y</b>", Rules(xml=True, outline=False))) == ["x y"]
    assert texts(Markup("<a>x <b>y</b></a>", Rules(xml=True, ignored=frozenset({"b"})))) == ["x {0}"]
    assert texts(Markup("<p>x</p><p>y</p>", Rules(whole=frozenset({"p"})))) == ["xy"]


@pytest.mark.parametrize(
    "text",
    [
        "<b>" * 4_000 + "x",
        "<b>x</b>" * 4_000,
        "<code>" * 4_000,
        "<p " + "a=1 " * 4_000 + ">x",
        "<p title='" * 4_000,
        "<!--" * 20_000,
        "<title>" * 4_000,
        "<script>" * 4_000,
        "<a href=" * 4_000,
        "&lt;" * 20_000,
        "<" * 50_000,
        "<a>" + "x " * 20_000 + "</a>",
        "<i></i>" * 4_000 + "x",
    ],
)
def test_long_and_deep_markup_takes_no_long_time(text):
    page = fragment(text)  # a fraction of a second; what takes the square of the length takes minutes
    said = page.render([Translation(one.text + "!", 0.0) for one in page.segments])
    assert len(said) >= len(page.text)


ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src='x'onerror='alert(1)'>",
    "<img/src=x/onerror=alert(1)>",
    '<img src="x" ONERROR="alert(1)">',
    "<img src=x onerror=alert(1)",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><title><img src=x onerror=alert(1)></title></svg>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="  JaVaScRiPt:alert(1)">x</a>',
    '<a href="java&#10;script:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="&#x6A;avascript&colon;alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<details open ontoggle=alert(1)>x</details>",
    "<body onload=alert(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=javascript:alert(1)//>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[><img src=x onerror=alert(1)>]]>",
    "<<script>alert(1)//<</script>",
    "<template><script>alert(1)</script></template>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<p style='x:expression(alert(1))'>x</p>",
    "<x onclick=alert(1) y='>'>x</x>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&ltscript&gtalert(1)",
    '<p title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">hi</p>',
    "<p title='\"><img src=x onerror=alert(1)>'>hi</p>",
    "<a title='x' title='y' href=x>hi</a>",
]


class Browser(HTMLParser):
    """A second reader of HTML: what of a text would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        if tag in ("script", "iframe", "object", "embed", "base", "meta", "link", "style", "template", "animate"):
            self.runs.append(tag)
        for name, value in attrs:
            scheme = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name == "srcdoc" or scheme.startswith(("javascript:", "data:")):
                self.runs.append(f"{name}={value}")


def runs(text: str) -> list[str]:
    browser = Browser()
    browser.feed(text)
    browser.close()
    return browser.runs


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_runs_that_came_through_html_mode(attack):
    page = fragment(f"<p>Before</p>{attack}<p>After</p>")
    same = page.render([Translation(one.text, 0.0) for one in page.segments])
    turned = page.render(
        [Translation(f'"><img src=x onerror=alert(1)><script>{one.text}', 0.0) for one in page.segments]
    )
    assert runs(same) == []
    assert runs(turned) == []
    assert "Before" in same
    assert inert(same) == same  # read again it is the same: nothing was hidden in how it was written


def test_the_second_reader_sees_what_runs():
    assert runs("<img src=x onerror=alert(1)>") == ["onerror=alert(1)"]
    assert runs("<a href='java\nscript:x'>") == ["href=java\nscript:x"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_file_runs_nothing_that_did_not_run_before(attack):
    page = Markup(f"<p>Before</p>{attack}<p>After</p>")
    turned = page.render(
        [Translation(f'"><img src=x onerror=alert(2)><script>{one.text}', 0.0) for one in page.segments]
    )
    assert len(runs(turned)) <= len(runs(page.text))
    assert not any("alert(2)" in one for one in runs(turned))


def test_what_is_plain_stays_byte_by_byte():
    plain = (
        '<!DOCTYPE html><p class="a" id=b data-x=\'1\' hidden>A &amp; b<br/><a HREF="https://x.example/?a=1&b=2">x</A>'
        '<img src="data:image/png;base64,AAAA" alt="A dog"><x-y>z</x-y><svg viewBox="0 0 1 1"><path d="M0 0"/></svg>'
    )
    assert inert(plain) == plain


def test_all_elements_whose_content_is_no_text_are_active():
    assert RAW <= ACTIVE


HOSTILE = {
    "placeholders": "".join(f"{{{number}}}" for number in range(3_000)) + "<p>a<img></p>" * 3_000,
    "marks": "a <img><!---->" * 4_000,
    "codes": "a <code>x</code> " * 4_000,
    "style": f'<b style="{"/* " * 300_000}">a</b>',
    "alike": f"<p><b>{'a ' * 100_000}c</b></p>",
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markup_takes_time_in_proportion(page):
    """What grew with the square, or with the cube, took many times as long as all other tests of this file."""
    for markup in (Markup(page), fragment(page)):
        assert "a" in upper(markup).lower()
        markup.render([Translation("a " * (len(one.text) // 2), 0.0) for one in markup.segments])


def test_where_there_are_very_many_marks_each_ends_a_segment():
    assert texts(Markup("<p>" + "a<wbr>" * 200 + "</p>")) == ["a" * 200]
    assert texts(Markup("<p>" + "a<wbr>" * 201 + "</p>")) == ["a"] * 201


def test_a_number_of_thousands_of_digits_is_an_entity_too():
    page = f"<p title='&#{'9' * 5000};'>A&#{'0' * 5000}66;C &#{'9' * 5000}; D</p>"
    assert texts(Markup(page)) == ["ABC \ufffd D"]
    assert "onclick" not in inert(f"<b onclick='&#{'9' * 5000}'>A</b>")


def test_a_style_is_looked_at_without_its_comments():
    assert inert('<b style="width: ex/* x */pression(1)">A</b>') == "<b>A</b>"
    assert inert('<b style="color: red /* of expre/*ssion">A</b>') == '<b style="color: red /* of expre/*ssion">A</b>'
