"""Zones from files that are made here: transitions, the rule after them, folds and gaps, and rules that are refused."""

import hashlib
import io
import pickle
import struct
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def file_of(rule, transitions=(), offsets=((0, 0),)):
    count, kinds = len(transitions), len(offsets)
    data = b"".join(struct.pack(">q", time) for time, _ in transitions) + bytes(kind for _, kind in transitions)
    data += b"".join(struct.pack(">lbb", offset, daylight, 0) for offset, daylight in offsets) + b"ABC\0"
    first = struct.pack(">6l", 0, 0, 0, 0, 1, 1) + struct.pack(">lbb", 0, 0, 0) + b"\0"
    head = b"TZif2" + bytes(15)
    return io.BytesIO(head + first + head + struct.pack(">6l", 0, 0, 0, count, kinds, 4) + data + b"\n" + rule + b"\n")


def digest(zone):
    seen = hashlib.sha256()
    for year in range(1965, 2045, 4):
        for day in range(366):
            for second in (0, 3599, 3600, 7199, 7200):
                moment = datetime(year, 1, 1) + timedelta(days=day, seconds=second)
                local = zone.fromutc(moment.replace(tzinfo=zone))
                seen.update(f"{local} {local.fold}".encode())
                for fold in (0, 1):
                    moment = moment.replace(tzinfo=zone, fold=fold)
                    seen.update(f"{moment.utcoffset()} {moment.dst()} {moment.tzname()}".encode())
    return seen.hexdigest()[:16]


TRANSITIONS = [(-(10**8), 1), (10**7, 0), (10**8, 1), (10**9, 2)]
OFFSETS = ((3600, 0), (7200, 1), (-1800, 0))
for rule in (b"CET-1CEST,M3.5.0,M10.5.0/3", b"AAA3BBB,J59/0,J300/0", b"AAA3BBB4,M10.2.3/2,M2.2.5/2:30", b"AAA-3", b""):
    print(rule, digest(ZoneInfo.from_file(file_of(rule), key="x")))
    print(rule, digest(ZoneInfo.from_file(file_of(rule, TRANSITIONS, OFFSETS), key="x")))

for rule in (b"AAA", b"PST8PDT", b"<>5", b"AAA4BBB,J60/168,J1", b"AAA4BBB,1,2x", b"AAA4BBB,J1"):
    try:
        ZoneInfo.from_file(file_of(rule))
    except ValueError as error:
        # The words of the pure Python module are others.
        print(repr(rule) in str(error))

zone = ZoneInfo.from_file(file_of(b"AAA-3"), key="Here/There")
print(repr(zone), str(zone), zone.key, zone.utcoffset(None), zone.tzname(None))
try:
    pickle.dumps(zone)
except pickle.PicklingError as error:
    print(error)
