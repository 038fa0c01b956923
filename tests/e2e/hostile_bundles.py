"""Skills that must not be installed: directories, archives and GitHub trees, each with the reason that the refusal must give (English texts).

    for hostile in hostile_bundles(folder, github): body = hostile.make(); ... hostile.reason

`folder` is an empty directory, which the server allows as a root of local skills; `github` a running GithubStandIn that it uses as GitHub."""
import dataclasses
import gzip
import io
import os
import pathlib
import socket
import stat
import sys
import tarfile
import typing
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from github_stand_in import Fault  # noqa: E402

MAIN = "# A skill\n\nDo it.\n"
KIB = 1024
REPOSITORY = "eve/traps"
BRANCH = "main"


@dataclasses.dataclass
class Hostile:
    name: str
    reason: str  # the message must contain it
    make: typing.Callable  # () -> the body of the install request
    status: int = 422


def _write(root, files):
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def _local(path):
    return {"source_type": "local", "source_ref": str(path)}


# ---- directories -------------------------------------------------------------------------------------------------------------


def directories(folder):
    """(name, reason, change to a folder with a valid SKILL.md)"""

    def link(name, target):
        return lambda root: os.symlink(target, root / name)

    def named(name, content=b"x"):
        def make(root):
            with open(os.fsencode(root) + b"/" + name, "wb") as file:
                file.write(content)

        return make

    def node(kind, device):
        return lambda root: os.mknod(root / "node", kind | 0o600, device)

    def many(count):
        return lambda root: [(root / f"f{i}").touch() for i in range(count)]

    def bound(root):
        with socket.socket(socket.AF_UNIX) as listening:
            here = os.open(root, os.O_RDONLY)  # paths of sockets must be short
            listening.bind(f"/proc/self/fd/{here}/socket")
            os.close(here)

    def sparse(root):
        with open(root / "disk.img", "wb") as file:
            file.truncate(1 << 40)

    def main_is(content):
        return lambda root: (root / "SKILL.md").write_bytes(content)

    def replaced(make):
        def change(root):
            (root / "SKILL.md").unlink()
            make(root)

        return change

    rows = [
        ("no main file", "no SKILL.md at the root", replaced(lambda root: (root / "README.md").touch())),
        ("nothing at all", "no SKILL.md at the root", replaced(lambda root: None)),
        ("main file in lower case", "no SKILL.md at the root", lambda root: (root / "SKILL.md").rename(root / "skill.md")),
        ("main file is a folder", "no SKILL.md at the root", replaced(lambda root: _write(root, {"SKILL.md/x": ""}))),
        ("main file is Latin-1", "SKILL.md is not UTF-8", main_is("# Café\n".encode("latin-1"))),
        ("main file is UTF-16", "SKILL.md is not UTF-8", main_is("# Skill\n".encode("utf-16"))),
        ("main file holds NUL", "SKILL.md is not UTF-8", main_is(b"# A\0B\n")),
        ("main file is a link", "is a link", replaced(link("SKILL.md", "/etc/hostname"))),
        ("link out of the root", "is a link", link("passwd", "/etc/passwd")),
        ("link inside the root", "is a link", link("other.md", "SKILL.md")),
        ("link to nowhere", "is a link", link("none", "none/at/all")),
        ("link to itself", "is a link", link("loop", "loop")),
        ("link to a folder", "is a link", link("etc", "/etc")),
        ("link to the parent", "is a link", link("up", "..")),
        ("pipe", "is a device, a pipe or a socket", lambda root: os.mkfifo(root / "pipe")),
        ("socket", "is a device, a pipe or a socket", bound),
        ("too many files", "more than 200 files", many(200)),
        ("too many folders", "more than 1000 folders", lambda root: [(root / f"d{i}").mkdir() for i in range(1001)]),
        ("endless entries", "more than 200 files", many(1500)),
        ("file too large", "is larger than 256 KiB", named(b"large.md", b"x" * (256 * KIB + 1))),
        ("sparse terabyte", "is larger than 256 KiB", sparse),
        ("all too large", "larger than 10 MiB", lambda root: [(root / f"f{i}").write_bytes(b"x" * 256 * KIB) for i in range(41)]),
        ("too deep", "deeper than 32 folders", lambda root: (root / "/".join("d" * 33)).mkdir(parents=True)),
        ("name not UTF-8", r'"bad\xff.md": the path is not UTF-8', named(b"bad\xff.md")),
        ("name overlong UTF-8", "the path is not UTF-8", named(b"\xc0\xae\xc0\xae")),
        ("name with line break", r'"two\u{a}lines": the path holds control characters', named(b"two\nlines")),
        ("name with escape sequence", r"\u{1b}", named(b"\x1b[2Jclear")),
        ("name turned around", r"\u{202e}", named("exe\u202edm.txt".encode())),
        ("name climbs by backslashes", "climbs out of the bundle", named(rb"..\..\outside")),
        ("name with a drive", "absolute path", named(rb"C:\autoexec.bat")),
        ("two names of one", "is in the bundle twice", lambda root: _write(root, {"a.md": "1", "A.md": "2"})),
        ("two folders of one", "is a file and a folder", lambda root: _write(root, {"docs/a.md": "1", "DOCS": "2"})),
    ]
    if os.geteuid() == 0:  # only root makes device nodes
        rows += [("character device", "is a device, a pipe or a socket", node(stat.S_IFCHR, os.makedev(1, 5))),
                 ("block device", "is a device, a pipe or a socket", node(stat.S_IFBLK, os.makedev(7, 0)))]
    for name, reason, change in rows:
        def make(name=name, change=change):
            root = _write(folder / name.replace(" ", "-"), {"SKILL.md": MAIN})
            change(root)
            return _local(root)

        yield Hostile(name, reason, make)


def references(folder):
    """Local references that lead to no directory."""
    file = folder / "a-file.md"
    file.write_text(MAIN)
    os.symlink("/etc", folder / "way-out")
    yield Hostile("relative reference", "must be an absolute path", lambda: _local("skills/pdf"))
    yield Hostile("reference with a file URL", "must be an absolute path", lambda: _local(f"file://{folder}"))
    yield Hostile("missing directory", "does not exist", lambda: _local(folder / "none"))
    yield Hostile("reference to a file", "neither a directory nor an archive", lambda: _local(file))
    yield Hostile("reference outside the roots", "does not lie below a directory", lambda: _local("/etc"))
    yield Hostile("reference climbs out", "does not lie below a directory", lambda: _local(f"{folder}/../../../etc"))
    yield Hostile("reference through a link", "does not lie below a directory", lambda: _local(folder / "way-out"))
    yield Hostile("reference to a device", "does not lie below a directory", lambda: _local("/dev/zero"))
    yield Hostile("reference into proc", "does not lie below a directory", lambda: _local("/proc/self/root"))


# ---- front matter ------------------------------------------------------------------------------------------------------------


def front_matters(folder):
    laughs = "a: &a [x, x, x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20))
    rows = [
        ("anchor", "must not use YAML anchors", "name: &x y\n"),
        ("billion laughs", "must not use YAML anchors", laughs),
        ("alias", "Line 3 of SKILL.md: the front matter must not use YAML aliases", "name: x\ndescription: *important* words\n"),
        ("tag", "must not use YAML tags", "name: !!python/object/apply:os.system [id]\n"),
        ("merge key", "must not use YAML merge keys", "name: x\n<<: {a: 1}\n"),
        ("key twice", 'Line 3 of SKILL.md: the key "name" is in the front matter twice', "name: x\nname: y\n"),
        ("key twice in a tool", 'the key "command" is in the front matter twice',
         "name: x\ntools:\n  - name: t\n    entry: {command: ls, \"command\": reboot}\n"),
        ("huge front matter", "longer than 16 KiB", "name: x\ndescription: " + "y" * 17000 + "\n"),
        ("huge front matter of lines", "longer than 16 KiB", "name: x\n" + "# z\n" * 50000),
        ("deep brackets", "nested deeper than 12 levels", "name: " + "[" * 8000 + "\n"),
        ("deep dashes", "nested deeper than 12 levels", "name:\n  " + "- " * 7000 + "x\n"),
        ("deep mappings", "nested deeper than 12 levels", "".join(" " * i + "k:\n" for i in range(100))),
        ("very many values", "more than 1000 values", "name: [" + "1," * 5000 + "]\n"),
        ("control character", "holds control characters", "name: a\x07b\n"),
        ("escaped NUL", "holds control characters", 'name: "a\\0b"\n'),
        ("escaped terminal sequence", "holds control characters", 'name: "\\e[31mred"\n'),
    ]
    for name, reason, matter in rows:
        def make(name=name, matter=matter):
            return _local(_write(folder / ("front-" + name.replace(" ", "-")), {"SKILL.md": f"---\n{matter}---\n{MAIN}"}))

        yield Hostile("front matter: " + name, reason, make)


# ---- archives ----------------------------------------------------------------------------------------------------------------


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content, mode in [("SKILL.md", MAIN, 0o100644), *entries]:
            info = zipfile.ZipInfo("placeholder" if "\0" in name else name)
            info.filename = name  # as it is: ZipInfo would tidy it
            info.external_attr = mode << 16
            info.create_system = 3
            archive.writestr(info, content, method)
    return out.getvalue()


def tarred(entries, pax=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT) as archive:
        for name, content, kind in [("SKILL.md", MAIN, tarfile.REGTYPE), *entries]:
            info = tarfile.TarInfo(name)
            info.type, data = kind, content if isinstance(content, bytes) else content.encode()
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname, data = data.decode(), b""
            info.size = len(data)
            if pax and name in pax:
                info.pax_headers = pax[name]
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _encrypted():
    """Says of its one entry that it is encrypted, in its own header and in the directory."""
    data = bytearray(zipped([]))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def _another_method(number):
    data = bytearray(zipped([], zipfile.ZIP_STORED))
    data[8] = number
    data[data.index(b"PK\1\2") + 10] = number
    return bytes(data)


def _wrong_sum():
    data = zipped([], zipfile.ZIP_STORED)
    return data.replace(MAIN.encode(), MAIN.encode().upper())


def _bytes_in_name(wanted):
    """A zip entry whose name is these bytes: written with a name of the same length."""
    placeholder = "q" * len(wanted)
    return zipped([(placeholder, "x", 0o100644)]).replace(placeholder.encode(), wanted)


def archives(folder):
    regular, folder_mode, link_mode = 0o100644, 0o040755, 0o120777
    zeros = b"\0" * (100 << 20)
    whole_zip, whole_tar = zipped([("a.md", os.urandom(5000), regular)]), tarred([("a.md", os.urandom(5000), tarfile.REGTYPE)])
    rows = [
        ("slip.zip", "climbs out of the bundle", zipped([("../../outside.md", "x", regular)])),
        ("inner-slip.zip", "climbs out of the bundle", zipped([("a/b/../../../outside.md", "x", regular)])),
        ("folder-slip.zip", "climbs out of the bundle", zipped([("../outside/", "", folder_mode)])),
        ("backslash-slip.zip", "climbs out of the bundle", zipped([("..\\..\\outside.md", "x", regular)])),
        ("absolute.zip", "absolute path", zipped([("/etc/cron.d/job", "x", regular)])),
        ("drive.zip", "absolute path", zipped([("C:\\job", "x", regular)])),
        ("link.zip", "is a link", zipped([("link", "/etc/passwd", link_mode)])),
        ("link-then-file.zip", "is a link", zipped([("dir", "/tmp", link_mode), ("dir/x", "x", regular)])),
        ("encrypted.zip", "is encrypted", _encrypted()),
        ("lzma.zip", "a method other than deflate", _another_method(14)),
        ("ppmd.zip", "a method other than deflate", _another_method(98)),
        ("wrong-sum.zip", "archive can not be read", _wrong_sum()),
        ("bomb.zip", "larger than 256 KiB", zipped([("bomb", zeros, regular)])),
        ("many-bombs.zip", "larger than 256 KiB", zipped([(f"b{i}", zeros[: 10 << 20], regular) for i in range(20)])),
        ("many-files.zip", "more than 200 files", zipped([(f"f{i}", "", regular) for i in range(300)])),
        ("many-folders.zip", "more than 2000 entries", zipped([(f"f{i}/", "", folder_mode) for i in range(2100)])),
        ("twice.zip", "is in the bundle twice", zipped([("SKILL.md", "# Another", regular)])),
        ("twice-by-case.zip", "is in the bundle twice", zipped([("Skill.MD", "# Another", regular)])),
        ("file-and-folder.zip", "is a file and a folder", zipped([("a", "x", regular), ("a/b", "x", regular)])),
        ("not-utf8.zip", "the path is not UTF-8", _bytes_in_name(b"bad\xff\xfename")),
        ("control.zip", "control characters", _bytes_in_name(b"a\x1b[2Jb")),
        ("half.zip", "archive can not be read", whole_zip[: len(whole_zip) // 2]),
        ("no-directory.zip", "archive can not be read", whole_zip[: whole_zip.index(b"PK\1\2")]),
        ("empty.zip", "archive can not be read", b""),
        ("no-entries.zip", "archive can not be read", b"PK\5\6" + b"\0" * 18),
        ("text.zip", "archive can not be read", b"this is no archive\n" * 100),
        ("script.skill", "archive can not be read", b"#!/bin/sh\nreboot\n"),
        ("large.zip", "the archive is larger than 16 MiB", b"PK\3\4" + b"\0" * (16 << 20)),
        ("slip.tar", "climbs out of the bundle", tarred([("../outside.md", "x", tarfile.REGTYPE)])),
        ("absolute.tar", "absolute path", tarred([("/etc/cron.d/job", "x", tarfile.REGTYPE)])),
        ("pax-slip.tar", "climbs out of the bundle", tarred([("harmless", "x", tarfile.REGTYPE)], pax={"harmless": {"path": "../../outside"}})),
        ("link.tar", "is a link", tarred([("link", "/etc/passwd", tarfile.SYMTYPE)])),
        ("link-then-file.tar", "is a link", tarred([("dir", "/tmp", tarfile.SYMTYPE), ("dir/x", "x", tarfile.REGTYPE)])),
        ("hard-link.tar", "is a link", tarred([("hard", "/etc/passwd", tarfile.LNKTYPE)])),
        ("hard-link-inside.tar", "is a link", tarred([("hard", "SKILL.md", tarfile.LNKTYPE)])),
        ("character-device.tar", "is a device, a pipe or a socket", tarred([("device", "", tarfile.CHRTYPE)])),
        ("block-device.tar", "is a device, a pipe or a socket", tarred([("device", "", tarfile.BLKTYPE)])),
        ("pipe.tar", "is a device, a pipe or a socket", tarred([("pipe", "", tarfile.FIFOTYPE)])),
        ("long-name.tar", "the path is longer than", tarred([("x" * 300, "x", tarfile.REGTYPE)])),
        ("half.tar", "archive can not be read", whole_tar[:3000]),
        ("without-end.tar", "cut short", whole_tar[: 512 + 512 + 512 + 5120]),
        ("half.tar.gz", "archive can not be read", gzip.compress(whole_tar)[:2000]),
        ("bomb.tar.gz", "larger than 256 KiB", gzip.compress(tarred([("bomb", zeros, tarfile.REGTYPE)]))),
        ("hidden-bomb.tar.gz", "larger than 64 MiB once unpacked", gzip.compress(tarred([(".git/pack", zeros, tarfile.REGTYPE)]))),
        ("zeros.tgz", "no SKILL.md at the root", gzip.compress(zeros)),
        ("two-layers.tar.gz", "compressed more than once", gzip.compress(gzip.compress(whole_tar))),
        ("text.tgz", "archive can not be read", gzip.compress(b"no tar\n" * 1000)),
    ]
    for name, reason, data in rows:
        def make(name=name, data=data):
            (folder / name).write_bytes(data)
            return _local(folder / name)

        yield Hostile(name, reason, make)


# ---- GitHub ------------------------------------------------------------------------------------------------------------------


def _tree(name):
    return {"source_type": "github", "source_ref": f"https://github.com/{REPOSITORY}/tree/{BRANCH}/{name}"}


def github_trees(folder, github):
    github.add(REPOSITORY, BRANCH, folder)

    def listed(path, **more):
        return lambda real: [*real, {"type": "file", "name": "x", "path": path, "download_url": f"{github.raw}/raw/x", "sha": "0" * 40, "size": 1, **more}]

    def with_fault(kind, value=None, path=""):
        return lambda name, root: github.faults.update({f"{name}{path}": Fault(kind, value)})

    def raw_fault(kind, value=None):
        return lambda name, root: github.faults.update({f"raw:{name}/SKILL.md": Fault(kind, value)})

    def link(name, root):
        os.symlink("/etc/passwd", root / "link")

    def submodule(name, root):
        (root / "vendor").mkdir()
        (root / "vendor" / "x").touch()
        github.submodules.add(f"{name}/vendor")

    def many(name, root):
        for i in range(200):
            (root / f"f{i}").touch()

    loop = f"{github.url}/repos/{REPOSITORY}/contents/gh-redirect-loop?ref={BRANCH}"
    rows = [
        ("gh-link", "is a link", link),
        ("gh-submodule", "is a submodule", submodule),
        ("gh-many-files", "more than 200 files", many),
        ("gh-large-file", "is larger than 256 KiB", lambda name, root: (root / "large").write_bytes(b"x" * (256 * KIB + 1))),
        ("gh-deep", "deeper than 8 folders", lambda name, root: _write(root, {"/".join("d" * 9) + "/x": "x"})),
        ("gh-no-main", "no SKILL.md at the root", lambda name, root: (root / "SKILL.md").rename(root / "README.md")),
        ("gh-climbs", "which does not lie in", with_fault("entries", listed("../../etc/passwd"))),
        ("gh-elsewhere", "which does not lie in", with_fault("entries", listed("another/skill/x"))),
        ("gh-absolute", "which does not lie in", with_fault("entries", listed("/etc/passwd"))),
        ("gh-itself", "which does not lie in", with_fault("entries", lambda real: [{"type": "dir", "name": "x", "path": "gh-itself"}])),
        ("gh-odd-type", "unexpected answer", with_fault("entries", listed("gh-odd-type/x", type="commit"))),
        ("gh-not-entries", "unexpected answer", with_fault("entries", [1, "two", None])),
        ("gh-not-json", "unexpected answer", with_fault("not_json", "<html>")),
        ("gh-cut-json", "unexpected answer", with_fault("not_json", '[{"type":')),
        ("gh-foreign-download", "lies on a foreign host", with_fault("foreign_download", "http://169.254.169.254/latest/meta-data", "/SKILL.md")),
        ("gh-user-in-url", "lies on a foreign host", with_fault("foreign_download", f"http://eve@127.0.0.1:{github.port}/raw/x", "/SKILL.md")),
        ("gh-file-download", "lies on a foreign host", with_fault("foreign_download", "file:///etc/passwd", "/SKILL.md")),
        ("gh-wrong-sha", "is not what GitHub announced", with_fault("wrong_sha", None, "/SKILL.md")),
        ("gh-wrong-size", "is not what GitHub announced", with_fault("wrong_size", None, "/SKILL.md")),
        ("gh-redirect-foreign", "lies on a foreign host", with_fault("redirect", "http://127.0.0.9/repos/x")),
        ("gh-redirect-metadata", "lies on a foreign host", with_fault("redirect", "http://169.254.169.254/latest/meta-data/")),
        ("gh-redirect-loop", "redirects", with_fault("redirect", loop)),
        ("gh-redirect-nowhere", "redirects", with_fault("redirect", "")),
        ("gh-raw-redirect", "lies on a foreign host", raw_fault("redirect", "http://127.0.0.9/x")),
        ("gh-endless-listing", "is larger than", with_fault("endless")),
        ("gh-endless-file", "is larger than", raw_fault("endless")),
        ("gh-gone", "GitHub has no", with_fault("status", 404)),
        ("gh-gone-file", "GitHub has no", raw_fault("status", 404)),
        ("gh-forbidden", "GitHub answered 403", with_fault("status", 403)),
        ("gh-broken", "GitHub answered 500", with_fault("status", 500)),
        ("gh-used-up", "GitHub takes no more requests until 2030-01-01T00:00:00Z", with_fault("rate_limit", 1893456000)),
        ("gh-too-fast", "GitHub takes no more requests until", with_fault("secondary_limit", 60)),
    ]
    for name, reason, change in rows:
        def make(name=name, change=change):
            change(name, _write(folder / name, {"SKILL.md": MAIN}))
            return _tree(name)

        yield Hostile(name, reason, make)
    yield Hostile("gh-cut-listing", "broke off", lambda: (github.faults.update({"gh-cut-listing": Fault("cut")}), _tree("gh-cut-listing"))[1], 503)
    for name, address in (("another host", "https://github.com.evil.example/a/b/tree/main/x"), ("user in the address", "https://github.com@evil.example/a/b/tree/main/x"),
                          ("plain http", "http://github.com/a/b/tree/main/x"), ("no path", "https://github.com/a/b/tree/main/"),
                          ("climbing owner", "https://github.com/../b/tree/main/x"), ("escaped slash in the owner", "https://github.com/a%2Fb/c/tree/main/x"),
                          ("bytes that are no text", "https://github.com/a/b/tree/main/%ff%fe"), ("a blob", "https://github.com/a/b/blob/main/SKILL.md")):
        yield Hostile("address: " + name, "expected https://github.com/OWNER/REPOSITORY/tree/BRANCH/PATH",
                      lambda address=address: {"source_type": "github", "source_ref": address})
    yield Hostile("address climbs", "climbs out of the bundle",
                  lambda: {"source_type": "github", "source_ref": "https://github.com/a/b/tree/main/%2E%2E/%2E%2E/etc"})


def hostile_bundles(folder, github):
    folder = pathlib.Path(folder)
    (folder / "local").mkdir()
    (folder / "github").mkdir()
    yield from directories(folder / "local")
    yield from references(folder / "local")
    yield from front_matters(folder / "local")
    yield from archives(folder / "local")
    yield from github_trees(folder / "github", github)


def hostile_tarballs(github, folder):
    """For a server that fetches tarballs: the settings before installing `_tree("skill")`, and the reason."""
    root = _write(pathlib.Path(folder), {"skill/SKILL.md": MAIN, "skill/notes.bin": os.urandom(50000)})
    github.add(REPOSITORY, BRANCH, root)

    def changed(change):
        return lambda: setattr(github, "archive_changes", change)

    def faulty(*fault):
        return lambda: github.faults.update({"": Fault(*fault)})

    def repository(entries):
        top = [("eve-traps-1/skill/SKILL.md", MAIN, tarfile.REGTYPE)]
        return lambda _: gzip.compress(tarred([*top, *entries]))

    zeros = b"\0" * (1 << 20)
    rows = [
        ("truncated", "archive can not be read", faulty("truncated", 0.5)),
        ("truncated late", "archive can not be read", faulty("truncated", 0.95)),
        ("not gzip", "archive can not be read", changed(lambda _: b"<html>")),
        ("no tar", "archive can not be read", changed(lambda _: gzip.compress(b"<html>" * 1000))),
        ("slip", "climbs out of the bundle", changed(repository([("eve-traps-1/skill/../../../outside", "x", tarfile.REGTYPE)]))),
        ("link", "is a link", changed(repository([("eve-traps-1/skill/link", "/etc/passwd", tarfile.SYMTYPE)]))),
        ("hard link", "is a link", changed(repository([("eve-traps-1/skill/hard", "eve-traps-1/other", tarfile.LNKTYPE)]))),
        ("device", "is a device", changed(repository([("eve-traps-1/skill/device", "", tarfile.CHRTYPE)]))),
        ("bomb", "is larger than 256 KiB", changed(repository([("eve-traps-1/skill/bomb", zeros, tarfile.REGTYPE)]))),
        ("twice", "is in the bundle twice", changed(repository([("eve-traps-1/skill/SKILL.md", "x", tarfile.REGTYPE)]))),
        ("foreign", "lies on a foreign host", faulty("redirect", "http://127.0.0.9/x.tar.gz")),
        ("gone", "GitHub has no", faulty("status", 404)),
        ("used up", "GitHub takes no more requests until 2030-01-01T00:00:00Z", faulty("rate_limit", 1893456000)),
    ]
    for name, reason, prepare in rows:
        def make(prepare=prepare):
            github.faults.clear()
            github.archive_changes = None
            prepare()
            return _tree("skill")

        yield Hostile("tarball: " + name, reason, make)
