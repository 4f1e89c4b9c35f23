# The character database: names both ways, properties, normal forms, the old version.
import unicodedata
from unicodedata import ucd_3_2_0 as old

for c in "A", "é", "½", "٣", "²", "一", "가", "\u0301", "\U0001f600", "\u0378", "\ud800", "\U000e0100":
    print(ascii(c), [getattr(unicodedata, what)(c) for what in
          ("category", "bidirectional", "combining", "mirrored", "east_asian_width", "decomposition")],
          unicodedata.name(c, None), unicodedata.numeric(c, None), unicodedata.digit(c, None), unicodedata.decimal(c, None),
          old.category(c), old.name(c, None), old.decimal(c, None))
for name in ("LATIN SMALL LETTER GHA", "line feed", "KEYCAP DIGIT ONE", "HANGUL SYLLABLE GAG", "CJK UNIFIED IDEOGRAPH-4E00",
             "TANGUT IDEOGRAPH-17000", "CJK UNIFIED IDEOGRAPH-04E00", "NO SUCH", "X" * 300):
    for database in unicodedata, old:
        try:
            print(ascii(database.lookup(name)))
        except KeyError as error:
            print(error)
for text in "e\u0301\u0323", "ﬁ①", "각", "\u1100\u1161\u11a8", "\u2126", "\U0002f868", "a\u0344":
    print([ascii(database.normalize(form, text)) for database in (unicodedata, old) for form in ("NFC", "NFD", "NFKC", "NFKD")],
          [unicodedata.is_normalized(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")])
print("\N{GREEK SMALL LETTER ALPHA}\N{LF}".encode("ascii", "namereplace"), b"\\N{SPACE}!".decode("unicode_escape"))
print("ℌ𝔢ˡˡᵒ".isidentifier(), {"ﬁ": 1}, "ŉΣ".upper(), "ΑΣ".lower(), "ǆ".title(), "ß".casefold())
ﬁ = 1
print(fi, unicodedata.unidata_version, old.unidata_version)
