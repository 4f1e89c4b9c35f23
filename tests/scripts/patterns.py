# Patterns whose matches were or could easily be wrong: groups in repeats, barriers, look-around, case, limits.
import re

CASES = [
    (r"(?:(a)|b)*", "ab"), (r"((a)|b)*", "ab"), (r"(a*)*", "aab"), (r"(a|ab)(c|bcd)(d*)", "abcd"),
    (r"(?>.*).", "abc"), (r"(?>a|ab)c", "abc"), (r"(?:ab?){2,3}+b", "abab"), (r"(?:a|b)++b", "aab"),
    (r"x*+x", "xxx"), (r"(a+)+$", "aaaa!"), (r"(.)\1", "abccd"), (r"(?i)(.)\1", "aA"), (r"(?(1)a|b)(c)?", "bc"),
    (r"(?P<q>['\"]).*?(?P=q)", "x 'y' z"), (r"(?<=ab)c", "abc"), (r"(?<!a)b", "ab b"), (r"(?=(a+))a*b\1", "baaabac"),
    (r"(?!a)\w", "ab"), (r"^b", "a\nb"), (r"(?m)^b$", "a\nb\nc"), (r"a$", "a\n"), (r"\Aa\Z", "a\n"), (r"\bfoo\b", "a foo."),
    (r"\B", ""), (r"[^\W\d]+", "12ab_3"), (r"(?i)straße", "STRASSE strAßE"), (r"(?i)[k-l]+", "K\u212al"), (r"(?i)\u0130", "i\u0307"),
    (r"[\u0400-\u04ff]+", "abc где"), (r"[^\x00-\x7f]", "aé\U0001f600"), (r"(?s).+", "a\nb"), (r"a{,2}", "aaa"), (r"a{2}?", "aaa"),
    (r"(?:a{0,3}?b)+?c", "aababc"), (r"(\w+)\s(?:\1)", "the the"), (r"(?x) a b # c", "ab"), (r"(?a)\w+", "é a"), (r"|a", "a"),
]
for pattern, text in CASES:
    compiled = re.compile(pattern)
    found = [match and (match.regs, match.lastindex) for match in
             (compiled.match(text), compiled.fullmatch(text), compiled.search(text))]
    print(ascii(pattern), found, ascii(compiled.findall(text)), ascii(compiled.split(text)))

print(re.sub(r"(?P<a>\w)(\w)?", r"[\g<a>\2]", "abc d"), re.subn("", "-", "ab"), re.sub("a", lambda m: None, "aba"))
print(re.sub(b"(.)", rb"\1\1", bytearray(b"ab")), re.findall(rb"\w+", memoryview(b"ab c")))
print(re.compile("a").scanner("aXa").search(), [m.span() for m in re.finditer("x*", "axb")])
print(re.match(r"(a)(b)?", "a").groups("-"), re.match(r"(?P<n>a)(b)?", "a").groupdict(), re.match("(a)", "a").expand(r"<\1>"))
print(re.compile("a|b").search("xxb", 1, 2), re.compile("^a").search("ba", 1), re.compile("a$").search("ab", 0, 1))
for wrong in (b"a", 1, None):
    try:
        re.match("a", wrong)
    except TypeError as error:
        print(error)
import _sre
for code in ([], [2], [1, 1], [16, 97], [23, 5, 0, 1, 1]):
    try:
        print(_sre.compile(None, 0, code, 0, {}, ()))
    except RuntimeError as error:
        print(error)
