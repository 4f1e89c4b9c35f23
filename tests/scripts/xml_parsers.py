"""Documents of many kinds through pyexpat and _elementtree: the events, their places, and what goes wrong."""
import copy
import pickle
import pyexpat
import random
import sys
import xml.etree.ElementTree as ET
import zlib

HANDLERS = [name for name in dir(pyexpat.XMLParserType) if name.endswith("Handler")]

DOCUMENTS = [
    b'''<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE root PUBLIC "-//A//B  C" "sys.dtd" [
<!ELEMENT root (a|b)*><!ELEMENT a (#PCDATA|b)*><!ELEMENT b ((c,d?),(e|f+)*)+>
<!ATTLIST root x CDATA "def&amp;x" y (p|q) "p" z ID #IMPLIED n NOTATION (m|k) #REQUIRED t NMTOKENS " a  b ">
<!NOTATION m SYSTEM "m.sys"><!NOTATION k PUBLIC "pub" >
<!ENTITY e "text &#65; &lt;b/>"><!ENTITY f "&e;&e;<b>in</b>">
<!ENTITY ext SYSTEM "ext.xml"><!ENTITY un SYSTEM "u" NDATA m>
<!ENTITY % pe "<!ELEMENT c EMPTY><!--pe-->">
%pe;
<?pi data  x?><!-- comment -->]>
<root x="1" y='q' t="  u   v ">text &e; &f;<a>]] x<![CDATA[cd <&]]>]]&gt;</a>\r
<b
/>\r&ext;</root>
<!-- end --><?end?>
''',
    b'<a xmlns="urn:a" xmlns:p="urn:p" p:x="1" x="2"><p:b xmlns:p="urn:q" xmlns=""><c p:y="3"/></p:b>&amp;&#x41;</a>',
    '<?xml version="1.0" encoding="utf-16"?><\xe9 \xe4="\xf6">\xfc\u4e2d\U0001F600</\xe9>'.encode("utf-16"),
    b'<?xml version="1.0" encoding="cp1252"?>\n<r \xe9="\xff">\xe4\x80</r>',
    b'<!DOCTYPE d SYSTEM "s"><d z="&undef;">&undef;</d>',
]
DAMAGE = [b"<", b">", b"&", b"]]>", b"<!--", b"\x00", b"\xff", b"\r", b'"', b"&#0;", b"%", b"</a>", b' xmlns:q=""', b"<![CDATA["]


def events(document, pieces, separator):
    log = []
    parser = pyexpat.ParserCreate(None, separator)

    def setup(parser):
        for name in HANDLERS:
            def handler(*args, name=name):
                log.append((name, args, parser.CurrentByteIndex, parser.CurrentLineNumber, parser.CurrentColumnNumber))
                if name == "ExternalEntityRefHandler":
                    log[-1] = (name, args[1:])
                    child = parser.ExternalEntityParserCreate(args[0])
                    child.Parse(b'<?xml version="1.0" encoding="us-ascii"?>' + (b"<x>&e;</x>" if args[0] else b""), True)
                return 1
            setattr(parser, name, handler)

    setup(parser)
    parser.SetParamEntityParsing(pyexpat.XML_PARAM_ENTITY_PARSING_ALWAYS)
    try:
        for i, piece in enumerate(pieces):
            parser.Parse(piece, i + 1 == len(pieces))
        log.append("ok")
    except pyexpat.ExpatError as error:
        log.append((str(error), error.code, parser.ErrorByteIndex))
    return log


for document in DOCUMENTS:
    for separator in (None, " "):
        for event in events(document, [document], separator):
            print(event)

rng = random.Random(7)
digest = 0
for _ in range(400):
    document = rng.choice(DOCUMENTS[:2])
    at = rng.randrange(len(document) + 1)
    document = document[:at] + rng.choice(DAMAGE) + document[at:]
    cut = rng.randrange(len(document) + 1)
    digest = zlib.crc32(repr(events(document, [document[:cut], document[cut:]], rng.choice((None, "!")))).encode(), digest)
print("damaged documents", digest)


def attempt(label, function, *args):
    try:
        print(label, function(*args))
    except Exception as error:
        print(label, type(error).__name__, error)


DEPTH = 200_000
parser = ET.XMLParser()
parser.feed(b"<a>" * DEPTH + b"</a>" * DEPTH)
root = parser.close()
print("depth", sum(1 for _ in root.iter()), sum(1 for _ in root.itertext()), len(copy.copy(root)))
try:
    copy.deepcopy(root)
except RecursionError:
    print("RecursionError")
del root

chain = "".join(f'<!ENTITY e{i + 1} "{("&e%d;" % i) * 10}">' for i in range(12))
for use in ("<a>&e12;</a>", '<a b="&e12;"/>'):
    attempt("amplified", pyexpat.ParserCreate().Parse, '<!DOCTYPE a [<!ENTITY e0 "xxxxxxxxxx">' + chain + "]>" + use, True)

tree = ET.fromstring('<a x="1">one<b/>two<b k="v">three</b><!-- no --><c><b/></c></a>')
print(ET.tostring(copy.deepcopy(tree)), ET.tostring(pickle.loads(pickle.dumps(tree))))
print([e.tag for e in tree.iter("b")], list(tree.itertext()), tree.findtext("b"), len(tree.findall("c/b")), len(tree[-1:]))
tree[0:2] = [ET.Element("x"), ET.Element("y")]
del tree[::2]
print(ET.tostring(tree), sys.getsizeof(ET.Element("a")))
attempt("append", tree.append, 3)
attempt("index", tree.__getitem__, 9)
attempt("text", ET.fromstring, "<a>&foo;</a>")
attempt("queue", lambda: [(k, getattr(e, "tag", e)) for k, e in ET.iterparse(__import__("io").BytesIO(
    b'<a xmlns="u"><?p?><b/></a>'), ("start", "end", "start-ns", "end-ns"))])


class Mutating:
    """A target that takes the tree apart while it is built."""

    def start(self, tag, attrib):
        raise KeyError(tag)

    def close(self):
        return "closed"


attempt("target", lambda: ET.fromstring("<a><b/></a>", ET.XMLParser(target=Mutating())))
