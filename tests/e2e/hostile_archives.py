"""Archives that no client makes, each with the answer that a push of it must get.

    for hostile in hostile_archives(): hostile.make(), hostile.status, hostile.message

`message`: what the English text of the refusal must contain; None where the archive is taken although it is odd."""
import dataclasses
import gzip
import io
import random
import struct
import tarfile
import typing
import zipfile
import zlib

MIB = 1 << 20
UNREADABLE = "The archive can't be read"
UNSAFE = "under an unsafe name"
LINK = "has a link"
SPECIAL = "neither a file nor a folder"
REPEATED = "two files of one name"
TOO_MANY = "more than 20000 files"
MEMBER = "has more than 104857600 bytes"
LARGE = "Member too large"


@dataclasses.dataclass
class Hostile:
    name: str
    status: int
    message: typing.Optional[str]
    make: typing.Callable  # () -> bytes


def header(name=b"a.txt", size=0, kind=b"0", link=b"", magic=b"ustar\x0000", prefix=b"", checksum=None, size_field=None, mode=b"0000644\0"):
    """One tar header, byte for byte."""
    block = bytearray(512)
    block[0:len(name[:100])] = name[:100]
    block[100:108] = mode
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = size_field if size_field is not None else b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[157:157 + len(link[:100])] = link[:100]
    block[257:257 + len(magic)] = magic
    block[345:345 + len(prefix[:155])] = prefix[:155]
    block[148:156] = b" " * 8
    block[148:156] = checksum if checksum is not None else b"%06o\0 " % sum(block)
    return bytes(block)


def padded(content):
    return content + bytes(-len(content) % 512)


def entry(name=b"a.txt", content=b"x", **more):
    return header(name, len(content), **more) + padded(content)


END = bytes(1024)
MANIFEST = entry(b"manifest.json", b'{"title": "Odd one"}')


def pax(records, kind=b"x"):
    content = b""
    for key, value in records:
        rest = b" " + key + b"=" + value + b"\n"
        size = len(rest)
        while len(b"%d" % size) + len(rest) != size:
            size = len(b"%d" % size) + len(rest)
        content += b"%d" % size + rest
    return entry(b"pax", content, kind=kind)


def long_name(name, kind=b"L"):
    return entry(b"././@LongLink", name + b"\0", kind=kind, magic=b"ustar  \0")


def packed(*entries, end=END, level=6):
    return gzip.compress(b"".join((MANIFEST, *entries)) + end, level)


def zeros(size):
    """gzip of so many zeros, without ever having them in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out, piece = [], bytes(MIB)
    for _ in range(size // MIB):
        out.append(packer.compress(piece))
    return b"".join(out) + packer.flush()


def bomb(members, each):
    """A tar of `members` files of `each` zero bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out, piece = [packer.compress(MANIFEST)], bytes(MIB)
    for number in range(members):
        out.append(packer.compress(header(b"zeros%d" % number, each)))
        for _ in range(each // MIB):
            out.append(packer.compress(piece))
    return b"".join(out) + packer.compress(END) + packer.flush()


def zip_file():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("manifest.json", "{}")
    return out.getvalue()


def other_compression(mode):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        tar.addfile(tarfile.TarInfo("a"))
    return out.getvalue()


def sparse():
    """A GNU sparse file: 1 byte at 1 MiB."""
    block = bytearray(header(b"sparse", 1, kind=b"S", magic=b"ustar  \0"))
    block[386:398] = b"%011o\0" % MIB
    block[398:410] = b"%011o\0" % 1
    block[483:495] = b"%011o\0" % (MIB + 1)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + padded(b"x")


def pax_sparse():
    records = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"sparse"), (b"GNU.sparse.realsize", b"1048577")]
    content = padded(b"1\n1048576\n1\n") + b"x"
    return pax(records) + entry(b"GNUSparseFile.0/sparse", content)


def changed(content, at, value):
    made = bytearray(content)
    made[at] = value
    return bytes(made)


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def gzip_fields(flags, extra=b""):
    """A gzip header with `flags` and the fields that it announces."""
    body = packed()
    return body[:3] + bytes([flags]) + body[4:10] + extra + body[10:]


def refused():
    """(name, message, make): each is 400."""
    good = packed()
    tar = gzip.decompress(good)

    yield "nothing", UNREADABLE, lambda: b""
    yield "one byte", UNREADABLE, lambda: b"\x1f"
    yield "text", UNREADABLE, lambda: b"this is no archive"
    yield "noise", UNREADABLE, lambda: noise(5000)
    yield "a tar without gzip", UNREADABLE, lambda: tar
    yield "a zip", UNREADABLE, zip_file
    yield "a tar.bz2", UNREADABLE, lambda: other_compression("w:bz2")
    yield "a tar.xz", UNREADABLE, lambda: other_compression("w:xz")
    yield "gzip of nothing", UNREADABLE, lambda: gzip.compress(b"")
    yield "gzip of text", UNREADABLE, lambda: gzip.compress(b"no tar" * 1000)
    yield "gzip of noise", UNREADABLE, lambda: gzip.compress(noise(5000))
    yield "gzip of a gzip", UNREADABLE, lambda: gzip.compress(good)
    yield "gzip of a zip", UNREADABLE, lambda: gzip.compress(zip_file())
    yield "zlib instead of gzip", UNREADABLE, lambda: zlib.compress(tar)
    for part in (1, 9, 10, 11, len(good) // 2, len(good) - 9, len(good) - 8, len(good) - 4, len(good) - 1):
        yield f"gzip cut to {part} bytes", UNREADABLE, lambda part=part: good[:part]
    yield "gzip with a wrong checksum", UNREADABLE, lambda: changed(good, len(good) - 8, good[-8] ^ 1)
    yield "gzip with a wrong size", UNREADABLE, lambda: changed(good, len(good) - 1, good[-1] ^ 1)
    yield "gzip with another method", UNREADABLE, lambda: changed(good, 2, 7)
    yield "gzip with reserved flags", UNREADABLE, lambda: changed(good, 3, 0xE0)
    yield "gzip with a name that does not end", UNREADABLE, lambda: good[:3] + b"\x08" + good[4:10] + b"n" * 100
    yield "gzip with an extra field beyond the end", UNREADABLE, lambda: gzip_fields(4, b"\xff\xff")
    yield "a stored block of a wrong length", UNREADABLE, lambda: good[:10] + b"\x01\x05\x00\x00\x00hello" + good[-8:]
    yield "a block of an unknown kind", UNREADABLE, lambda: good[:10] + b"\x07" + good[11:]
    yield "bytes behind the gzip", UNREADABLE, lambda: good + b"trailing"
    yield "zeros and bytes behind the gzip", UNREADABLE, lambda: good + bytes(700) + b"x"
    yield "half a second gzip", UNREADABLE, lambda: good + good[:len(good) // 2]
    yield "a second archive", UNREADABLE, lambda: good + good
    yield "a second tar in the gzip", UNREADABLE, lambda: gzip.compress(tar + tar)
    yield "bytes behind the tar", UNREADABLE, lambda: gzip.compress(tar + bytes(5000) + b"hidden")
    yield "one zero block and a file behind it", UNREADABLE, lambda: gzip.compress(MANIFEST + bytes(512) + entry() + END)
    yield "a tar without an end", UNREADABLE, lambda: packed(entry(), end=b"")
    yield "a tar cut in a header", UNREADABLE, lambda: packed(header()[:300], end=b"")
    yield "a tar cut in a file", UNREADABLE, lambda: packed(header(size=5000) + b"x" * 1000, end=b"")
    yield "a tar cut in the padding", UNREADABLE, lambda: packed(header(size=5) + b"xxxxx", end=b"")
    yield "a wrong checksum of a header", UNREADABLE, lambda: packed(entry(checksum=b"0000000\0"))
    yield "a checksum that is no number", UNREADABLE, lambda: packed(entry(checksum=b"zzzzzzz\0"))
    yield "a negative size", UNREADABLE, lambda: packed(header(size_field=b"\xff" * 12) + END)
    yield "a size of 8 EiB", UNREADABLE, lambda: packed(header(size_field=b"\x80\0\0\0\x7f" + b"\xff" * 7) + END)
    yield "a size of 8 GiB in octal", MEMBER, lambda: packed(header(size_field=b"77777777777\0") + END)
    yield "a size by pax that is no number", UNREADABLE, lambda: packed(pax([(b"size", b"x" * 20)]) + entry(), header(size_field=b"zzz")[:100], end=b"")
    yield "a pax record longer than its header", UNREADABLE, lambda: packed(entry(b"pax", b"999 path=a\n", kind=b"x") + entry())
    yield "pax records of 3 MiB", UNREADABLE, lambda: packed(pax([(b"comment", b"c" * (3 * MIB))]) + entry())
    yield "a long name of 3 MiB", UNREADABLE, lambda: packed(long_name(b"n" * (3 * MIB)) + entry())
    yield "a long name and nothing", UNREADABLE, lambda: packed(long_name(b"n" * 200), end=b"")

    for name in (b"../a", b"a/../../b", b"..", b"a/..", b"x..y", b"/etc/passwd", b"//a", b"\\a", b"C:\\a", b"c:/a", b"a\xff\xfe", b"a\xc0\xaf", b"\xed\xa0\x80"):
        yield f"a file named {name!r}", UNSAFE, lambda name=name: packed(entry(name))
    yield "a file without a name", UNSAFE, lambda: packed(entry(b""))
    yield "a file named .", UNSAFE, lambda: packed(entry(b"./."))
    yield "a folder named ..", UNSAFE, lambda: packed(entry(b"../", b"", kind=b"5"))
    yield "an absolute folder", UNSAFE, lambda: packed(entry(b"/tmp/", b"", kind=b"5"))
    yield "an absolute prefix", UNSAFE, lambda: packed(entry(b"passwd", prefix=b"/etc"))
    yield "a prefix that goes up", UNSAFE, lambda: packed(entry(b"passwd", prefix=b"../etc"))
    yield "a long name that goes up", UNSAFE, lambda: packed(long_name(b"a/" * 100 + b"../../../b") + entry())
    yield "a long name that is absolute", UNSAFE, lambda: packed(long_name(b"/" + b"a/" * 100) + entry())
    yield "a pax path that goes up", UNSAFE, lambda: packed(pax([(b"path", b"../a")]) + entry())
    yield "a pax path that is no UTF-8", UNREADABLE, lambda: packed(pax([(b"path", b"a\xff")]) + entry())
    yield "a name of 5000 bytes", UNSAFE, lambda: packed(pax([(b"path", b"a" * 5000)]) + entry())

    yield "a symbolic link", LINK, lambda: packed(entry(b"a", b"", kind=b"2", link=b"/etc/passwd"))
    yield "a symbolic link inside", LINK, lambda: packed(entry(b"a", b"", kind=b"2", link=b"manifest.json"))
    yield "a symbolic link by a long name", LINK, lambda: packed(long_name(b"/etc/" + b"x" * 200, b"K") + entry(b"a", b"", kind=b"2"))
    yield "a symbolic link by pax", LINK, lambda: packed(pax([(b"linkpath", b"/etc/passwd")]) + entry(b"a", b"", kind=b"2"))
    yield "a hard link", LINK, lambda: packed(entry(b"a", b"", kind=b"1", link=b"manifest.json"))
    yield "a hard link outside", LINK, lambda: packed(entry(b"a", b"", kind=b"1", link=b"/etc/passwd"))
    yield "a hard link with content", LINK, lambda: packed(entry(b"a", b"xxxx", kind=b"1", link=b"manifest.json"))
    yield "a character device", SPECIAL, lambda: packed(entry(b"null", b"", kind=b"3"))
    yield "a block device", SPECIAL, lambda: packed(entry(b"sda", b"", kind=b"4"))
    yield "a pipe", SPECIAL, lambda: packed(entry(b"fifo", b"", kind=b"6"))
    yield "a sparse file of GNU", SPECIAL, lambda: packed(sparse())
    yield "a sparse file of pax", SPECIAL, lambda: packed(pax_sparse())
    yield "a file twice", REPEATED, lambda: packed(entry(), entry())
    yield "a manifest twice", REPEATED, lambda: packed(entry(b"manifest.json", b'{"title": "Other"}'))
    yield "a manifest twice, by another name", REPEATED, lambda: packed(entry(b"./manifest.json", b"{}"))
    yield "a manifest twice, by pax", REPEATED, lambda: packed(pax([(b"path", b"manifest.json")]) + entry())
    yield "20001 files", TOO_MANY, lambda: packed(*(header(b"f%d" % number) for number in range(20001)), level=1)
    yield "20001 folders", TOO_MANY, lambda: packed(*(header(b"f%d/" % number, kind=b"5") for number in range(20001)), level=1)
    yield "a file that says 101 MiB", MEMBER, lambda: packed(header(size=101 * MIB) + END)


def too_large():
    """(name, make): each is 413 session_too_large."""
    yield "a file of 64 MiB of zeros", lambda: bomb(1, 64 * MIB)
    yield "a file that says 60 MiB and has nothing", lambda: packed(header(size=60 * MIB) + END)
    yield "3 GiB of zeros in files of 48 MiB", lambda: bomb(64, 48 * MIB)
    yield "a line of 64 MiB", lambda: packed(header(b"messages.jsonl", 64 * MIB) + b"[" * (64 * MIB))


def taken():
    """(name, make): odd, and sound."""
    yield "no file at all", lambda: gzip.compress(END)
    yield "a manifest alone", packed
    yield "several gzip members", lambda: b"".join(gzip.compress(part) for part in (MANIFEST[:700], b"", MANIFEST[700:], END))
    yield "zeros behind the gzip", lambda: packed() + bytes(4096)
    yield "a full record behind the end", lambda: packed(end=bytes(10240))
    yield "gzip with a name, a comment and a checksum of the header", lambda: gzip_fields(0x18, b"name\0comment\0")
    yield "a header of version 7", lambda: packed(entry(b"old", magic=b""))
    yield "a long name of GNU", lambda: packed(long_name(b"n" * 300) + entry())
    yield "a long path of pax", lambda: packed(pax([(b"path", b"p" * 300), (b"mtime", b"1.5")]) + entry())
    yield "global pax records", lambda: packed(pax([(b"comment", b"hello")], b"g") + entry())
    yield "names in Chinese", lambda: packed(entry("你好.txt".encode()))
    yield "folders, one of them twice", lambda: packed(entry(b"d/", b"", kind=b"5"), entry(b"d/", b"", kind=b"5"), entry(b"d/f"))
    yield "a manifest that is no JSON", lambda: gzip.compress(entry(b"manifest.json", b"{nonsense") + END)
    yield "a manifest that is a list", lambda: gzip.compress(entry(b"manifest.json", b"[1]") + END)
    yield "a manifest of a million brackets", lambda: gzip.compress(entry(b"manifest.json", b"[" * 1000000) + END)
    yield "a manifest with NULs", lambda: gzip.compress(entry(b"manifest.json", b'{"title": "a\\u0000b", "tags": ["\\u0000"]}') + END)
    yield "a manifest that is no UTF-8", lambda: gzip.compress(entry(b"manifest.json", b'{"title": "a\xff\xfe"}') + END)
    yield "a manifest of 9 MiB", lambda: gzip.compress(entry(b"manifest.json", b'{"title": "' + b"t" * (9 * MIB) + b'"}') + END)
    yield "a manifest with huge numbers", lambda: gzip.compress(entry(b"manifest.json", b'{"stats": {"message_count": 1e999, "turn_count": -5, "duration_ms": 99999999999999999999}}') + END)
    yield "messages with broken lines", lambda: packed(entry(b"messages.jsonl", b'{"role"\n\n[1]\n7\n\xff\xfe\n{"role": "user", "content": "Fix the clock"}\n{'))
    yield "messages with a line of 40 MiB", lambda: packed(header(b"messages.jsonl", 40 * MIB) + b'"' + b"x" * (40 * MIB - 1))
    yield "messages of deep JSON", lambda: packed(entry(b"messages.jsonl", b'{"content":' * 100000 + b"\n" + b"[" * 100000))
    yield "messages of many values", lambda: packed(entry(b"messages.jsonl", b'{"role": "user", "content": [' + b"0," * 3000000 + b"0]}"))
    yield "200,000 empty messages", lambda: packed(entry(b"messages.jsonl", b"{}\n" * 200000))
    yield "64 MiB of zeros in small files", lambda: bomb(8, 8 * MIB)


def hostile_archives():
    for name, message, make in refused():
        yield Hostile(name, 400, message, make)
    for name, make in too_large():
        yield Hostile(name, 413, LARGE, make)
    for name, make in taken():
        yield Hostile(name, 201, None, make)
