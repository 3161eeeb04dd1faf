"""A second reader of the log, written from docs/log-format.md and from nothing else.

    python3 oracle.py DIR      prints {"torn": BYTES, "entries": [[key, value, lsn, expires_at], ...]}, key and value in hex

Exits with 2 and one line if the store is damaged. Changes nothing. Slow: for small stores in tests.
"""
import json
import os
import re
import struct
import sys

MASK = (1 << 64) - 1
NO_CLAIM = (1 << 24) - 1
PUT, DELETE, CLEAR, FILLER = 1, 2, 3, 4
MORE, JOINED, MOVED = 1, 2, 4

TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def damaged(name, offset):
    print(f"{name}: damaged at byte {offset}", file=sys.stderr)
    sys.exit(2)


def header_of(data):
    """[store id, number, generation, next lsn, previous bytes, sealed bytes, first], or None."""
    if len(data) < 64 or data[:8] != b"NUTHATCH":
        return None
    version, crc, *fields = struct.unpack_from("<IIQIIQQQI", data, 8)
    if crc32c(data[:12] + bytes(4) + data[16:64]) != crc:
        return None
    if version != 2:
        sys.exit(f"format version {version}")
    return fields


def record_at(data, at, salt):
    """(kind, flags, key, value, lsn, expires_at, durable, end), or None."""
    if at + 32 > len(data):
        return None
    crc, body_crc, kind, back, key_len, value_len, lsn, expires_at = struct.unpack_from("<IIB3sHI6sQ", data, at)
    kind, flags = kind & 15, kind >> 4
    if kind not in (PUT, DELETE, CLEAR, FILLER) or crc32c(data[at + 4 : at + 32]) ^ mix(salt ^ at) >> 32 != crc:
        return None
    body = at + 32
    end = (body + key_len + value_len + 7) // 8 * 8
    if end > len(data) or kind != FILLER and crc32c(data[body : body + key_len + value_len]) != body_crc:
        return None
    key, value = data[body : body + key_len], data[body + key_len : body + key_len + value_len]
    back = int.from_bytes(back, "little")
    durable = 0 if back == NO_CLAIM else at - 8 * back
    return kind, flags, key, value, int.from_bytes(lsn, "little"), expires_at, durable, end


def batches(name, data, store_id, which, sealed):
    """Yields whole batches, then the count of bytes that a crash cut short."""
    salt = mix(store_id + which * 0x9E3779B97F4A7C15 & MASK)
    at, whole, batch = 64, 64, []
    while at < len(data) and (record := record_at(data, at, salt)):
        if bool(record[1] & JOINED) != bool(batch):
            damaged(name, at)
        batch.append(record)
        at = record[-1]
        if not record[1] & MORE:
            yield batch
            batch, whole = [], at
    if sealed and (at < len(data) or batch):
        damaged(name, at)
    for later in range(at, len(data) - 31, 8):
        record = record_at(data, later, salt)
        if record and record[6] > at:
            damaged(name, at)
    yield max(at, len(data.rstrip(b"\0"))) - whole


def main(directory):
    names = sorted(name for name in os.listdir(directory) if re.fullmatch(r"\d{10}\.seg", name))
    found = [(name, int(name[:10]), open(os.path.join(directory, name), "rb").read()) for name in names]
    segments = []  # without those that another stands for
    for name, number, data in reversed(found):
        if not segments or number < (header[6] if (header := header_of(segments[0][2])) else segments[0][1]):
            segments.insert(0, (name, number, data))
    if segments and not header_of(segments[-1][2]) and len(segments[-1][2]) <= 64:
        _, number, _ = segments.pop()  # its making was cut short
        if not segments and number > 1:
            sys.exit("a segment is missing")
    store_id = next((header[0] for _, _, data in segments if (header := header_of(data))), None)
    entries, clear_below, torn = {}, 1, 0
    for at, (name, number, data) in enumerate(segments):
        header = header_of(data)
        if not header or header[:2] != [store_id, number]:
            damaged(name, 0)
        sealed = at + 1 < len(segments)
        expected = header[5] or sealed and (header_of(segments[at + 1][2]) or [len(data)] * 5)[4]
        if sealed and expected != len(data):
            damaged(name, min(len(data), expected))
        for batch in batches(name, data, store_id, header[2] << 32 | number, sealed):
            if isinstance(batch, int):
                torn += batch
                continue
            for kind, _, key, value, lsn, expires_at, *_ in batch:
                if kind == PUT:
                    entries[key] = (value, lsn, expires_at, number)
                elif kind == DELETE:
                    entries.pop(key, None)
                elif kind == CLEAR:
                    clear_below = max(clear_below, min(int.from_bytes(value, "little"), number))
                    entries = {key: entry for key, entry in entries.items() if entry[3] >= clear_below}
    for _, number, data in segments:
        if number >= clear_below:
            if header_of(data)[6] > clear_below:
                sys.exit("a segment is missing")
            clear_below = number + 1
    rows = [[key.hex(), entry[0].hex(), entry[1], entry[2]] for key, entry in sorted(entries.items())]
    print(json.dumps({"torn": torn, "entries": rows}))


main(sys.argv[1])
