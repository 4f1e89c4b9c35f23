import re
print(re.findall(r"\w+", "hello world"), re.sub(r"(\w)(\w)", r"\2\1", "abcd"), re.match(r"(?P<n>\d+)", "42x").groupdict())
print(re.split(r",\s*", "a, b,c"), re.compile("a|b", re.I), re.search("ü+", "xüü€"), [m.span() for m in re.finditer("a*", "baac")])
