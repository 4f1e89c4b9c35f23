# Each codec both ways, whole and in pieces, with errors.
import codecs

TEXT = "漢字かなカナ한글中文ab~\\"
for name in ("gb2312 gbk gb18030 hz big5hkscs cp949 euc_kr johab shift_jis cp932 euc_jp shift_jis_2004 shift_jisx0213 "
             "euc_jis_2004 euc_jisx0213 big5 cp950 iso2022_kr iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 "
             "iso2022_jp_3 iso2022_jp_ext").split():
    data = TEXT.encode(name, "ignore")
    print(name, data, data.decode(name), TEXT.encode(name, "xmlcharrefreplace"))
    decoder = codecs.getincrementaldecoder(name)()
    print("".join(decoder.decode(data[i:i + 1]) for i in range(len(data))) + decoder.decode(b"", True), decoder.getstate())
    encoder = codecs.getincrementalencoder(name)("replace")
    print([(encoder.encode(c), encoder.getstate()) for c in "aか\u309a\uac01\U00020089"], encoder.encode("", True))
    for wrong in b"\xff", b"\x81", b"\x1b$", b"a\xa4":
        try:
            print(wrong.decode(name))
        except UnicodeDecodeError as error:
            print(error, ascii(wrong.decode(name, "replace")))
