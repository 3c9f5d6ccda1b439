"""What languages are called, and which language a line is in, said only when it is clear: py3langid, restricted to the
languages of the pair and those that a corpus most often has by accident."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_WIDESPREAD = "ar bg bn ca cs da de el en es fa fi fr he hi hu id it ja ko nl no pl pt ro ru sv th tr uk vi zh"
LOOKED_AT = 200  # characters of a line that are enough to tell its language
CLEAR = 20.0  # log-odds (nats) at least for another language than the one expected
CLEAR_FOR_LENGTH = 2.5  # and at least this many times the square root of the line's bytes
CLEARLY_SWAPPED = 10.0  # log-odds of both lines together
_CODES = """
afr:af amh:am ara:ar arb:ar aze:az bel:be ben:bn bos:bs bre:br bul:bg cat:ca ces:cs cmn:zh cym:cy cze:cs dan:da deu:de
ell:el eng:en epo:eo est:et ekk:et eus:eu fas:fa fin:fi fra:fr fre:fr fry:fy ger:de gle:ga glg:gl gre:el guj:gu hat:ht
hau:ha heb:he hin:hi hrv:hr hun:hu hye:hy ibo:ig ind:id isl:is ita:it jav:jv jpn:ja kan:kn kat:ka kaz:kk khm:km kin:rw
kor:ko kur:ku lao:lo lat:la lav:lv lvs:lv lin:ln lit:lt ltz:lb lug:lg mal:ml mar:mr mkd:mk mlg:mg plt:mg mon:mn msa:ms
zsm:ms mya:my nep:ne npi:ne nld:nl nob:no nb:no nor:no nno:nn nso:nso oci:oc ori:or ory:or orm:om pan:pa pes:fa pol:pl
por:pt prs:fa pus:ps ron:ro rum:ro rus:ru sin:si slk:sk slv:sl sna:sn som:so spa:es sqi:sq als:sq srp:sr sot:st swa:sw
swh:sw swe:sv tam:ta tel:te tgk:tg tgl:tl fil:tl tha:th tsn:tn tur:tr uig:ug ukr:uk urd:ur uzn:uz uzb:uz vie:vi xho:xh
yor:yo zho:zh zul:zu
"""  # other codes of a language : its code in py3langid
_NAMES = """
af:Afrikaans am:Amharic ar:Arabic as:Assamese ast:Asturian ay:Aymara az:Azerbaijani ba:Bashkir be:Belarusian
bg:Bulgarian bm:Bambara bn:Bengali bo:Tibetan br:Breton bs:Bosnian ca:Catalan ceb:Cebuano co:Corsican cs:Czech
cv:Chuvash cy:Welsh da:Danish de:German dz:Dzongkha ee:Ewe el:Greek en:English eo:Esperanto es:Spanish et:Estonian
eu:Basque fa:Persian ff:Fula fi:Finnish fj:Fijian fo:Faroese fr:French fur:Friulian fy:Frisian ga:Irish
gd:Scottish_Gaelic gl:Galician gn:Guarani gsw:Swiss_German gu:Gujarati gv:Manx ha:Hausa haw:Hawaiian he:Hebrew
hi:Hindi hr:Croatian hsb:Upper_Sorbian ht:Haitian_Creole hu:Hungarian hy:Armenian ia:Interlingua id:Indonesian ig:Igbo
ilo:Ilocano is:Icelandic it:Italian iu:Inuktitut ja:Japanese jv:Javanese ka:Georgian kab:Kabyle kk:Kazakh km:Khmer
kn:Kannada ko:Korean ku:Kurdish kw:Cornish ky:Kyrgyz la:Latin lb:Luxembourgish lg:Luganda ln:Lingala lo:Lao
lt:Lithuanian luo:Luo lv:Latvian mg:Malagasy mi:Maori mk:Macedonian ml:Malayalam mn:Mongolian mr:Marathi ms:Malay
mt:Maltese my:Burmese ne:Nepali nl:Dutch nn:Norwegian_Nynorsk no:Norwegian nso:Northern_Sotho ny:Chichewa oc:Occitan
om:Oromo or:Odia pa:Punjabi pcm:Nigerian_Pidgin pl:Polish ps:Pashto pt:Portuguese qu:Quechua rm:Romansh rn:Kirundi
ro:Romanian ru:Russian rw:Kinyarwanda sa:Sanskrit sc:Sardinian scn:Sicilian sd:Sindhi se:Northern_Sami si:Sinhala
sk:Slovak sl:Slovenian sm:Samoan sn:Shona so:Somali sq:Albanian sr:Serbian ss:Swati st:Southern_Sotho su:Sundanese
sv:Swedish sw:Swahili ta:Tamil te:Telugu tg:Tajik th:Thai ti:Tigrinya tk:Turkmen tl:Tagalog tn:Tswana to:Tongan
tpi:Tok_Pisin tr:Turkish ts:Tsonga tt:Tatar tw:Twi ty:Tahitian ug:Uyghur uk:Ukrainian ur:Urdu uz:Uzbek ve:Venda
vi:Vietnamese wo:Wolof xh:Xhosa yi:Yiddish yo:Yoruba zh:Chinese zu:Zulu
"""  # a language's code : its English name
_ENGLISH = dict(pair.replace("_", " ").split(":") for pair in _NAMES.split())
_SAME = dict(pair.split(":") for pair in _CODES.split())


@cache
def _everything() -> LanguageIdentifier:
    """The identifier of all languages; loading it takes a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def identifier(labels: Iterable[str]) -> LanguageIdentifier:
    """An identifier of these languages, by the names that `label` gives, and of widespread ones."""
    restricted = copy.copy(_everything())
    restricted.set_languages({*_WIDESPREAD.split(), *labels})
    return restricted


def label(code: str) -> str | None:
    """What py3langid calls a language ('fra', 'fr-CA' and 'fr' are 'fr'), or None where it does not know it."""
    found = primary(code)
    return found if found in _everything().labels else None


def primary(code: str) -> str:
    """A language code without region and script, with two letters where there is such: 'fr' for 'fra' and 'fr-CA'."""
    short = code.lower().replace("_", "-").partition("-")[0]
    return _SAME.get(short, short)


def name(code: str) -> str:
    """What a language is called in English: 'French' for 'fr', 'fra' and 'fr-CA'; the code itself where no name is
    known here."""
    return _ENGLISH.get(primary(code), code)


class Judge:
    """Tells pairs in the wrong languages.

    Args:
        source: code of the language the source side should be in.
        target: code of the language the target side should be in.
    """

    def __init__(self, source: str, target: str) -> None:
        self.source = label(source)
        self.target = label(target)
        self._identifier = identifier(filter(None, (self.source, self.target)))

    @property
    def tells(self) -> bool:
        """Whether it can say anything: it knows one of the languages at least, and they are not one."""
        return self.source != self.target

    def scores(self, text: str) -> dict[str, float]:
        """Log-likelihood (nats, up to a constant) by language, best first; empty where the text tells nothing."""
        ranked = self._identifier.rank(text[:LOOKED_AT])
        return dict(ranked) if ranked[0][1] > ranked[-1][1] else {}

    def swapped(self, source: dict[str, float], target: dict[str, float]) -> bool:
        """Whether the sides, given by their `scores`, are in one another's language."""
        if not source or not target:
            return False
        wrong = self._rather(source, self.target, self.source), self._rather(target, self.source, self.target)
        return min(wrong) > 0 and sum(wrong) > CLEARLY_SWAPPED

    def _rather(self, scores: dict[str, float], this: str | None, that: str | None) -> float:
        """Log-odds that a text is in this language rather than in that one; an unknown one (None) stands for whatever
        other language fits best."""
        other = next(score for name, score in scores.items() if name not in (this, that))  # they come best first
        return (other if this is None else scores[this]) - (other if that is None else scores[that])

    def wrong(self, scores: dict[str, float], expected: str | None, text: str) -> str | None:
        """The language a text is clearly in, where that is not the expected one; else None."""
        if not scores or expected is None:
            return None
        best, score = next(iter(scores.items()))
        size = len(text[:LOOKED_AT].encode("utf-8"))
        clear = score - scores[expected] > max(CLEAR, CLEAR_FOR_LENGTH * math.sqrt(size))
        return best if clear else None
