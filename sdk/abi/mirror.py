"""Writes what mirrors the C headers of the boundary, which stay the hand-written truth.

    mirror.py layout OUT.c            assertions that nothing recorded in mortise-*.layout has moved; every build compiles them
    mirror.py snapshot FOLDER OUT.c   a library through which abidw reaches every type of the headers below FOLDER (check.sh)
    mirror.py interfaces OUT.hpp      the names of the interfaces that the kernel serves, as MORTISE_HOST_INTERFACES(X)
    mirror.py record X.Y              adds the offsets and values that no record has to mortise-X.Y.layout; X.Y is the version of the headers

A record is added to, never edited. Growth at the end of a table or struct is allowed, moves are not."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import headers

HERE = pathlib.Path(__file__).resolve().parent
BROKEN = "shipped modules break"


class Stop(Exception):
    pass


def records():
    """(file name, [(kind, name, value)]) of every release, oldest first."""
    paths = sorted(HERE.glob("mortise-*.layout"), key=lambda path: [int(part) for part in path.stem.removeprefix("mortise-").split(".")])
    if not paths:
        raise Stop(f"no mortise-*.layout in {HERE}")
    return [(path.name, [line.split() for line in path.read_text().splitlines()]) for path in paths]


def c_name(struct):
    return "struct mortise_host" if struct == "mortise_host" else struct  # declared before it is defined


def includes(boundary):
    return "#include <stddef.h>\n\n" + "".join(f'#include "{name}"\n' for name in boundary.headers)


def check_order(boundary, entries):
    """A new field may not fill a hole before one that a release promised: MORTISE_HAS() would say that old modules have it."""
    promised = {name for kind, name, _ in entries if kind == "offset"}
    for struct in boundary.structs:
        names = [f"{struct.name}.{field.name}" for field in struct.fields]
        last = max((at for at, name in enumerate(names) if name in promised), default=-1)
        for at in range(last):
            if names[at] not in promised:
                raise Stop(f"{struct.header}: {names[at]} stands before {names[last]}, which a release promised; new fields go to the end")


def layout(*include_folders):
    boundary = headers.read(*include_folders)
    out = ["/* Made by sdk/abi/mirror.py of mortise-*.layout. */", includes(boundary),
           '_Static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8, "Mortise runs on 64-bit systems");']
    every = []
    for record, entries in records():
        every += entries
        out.append(f"\n/* {record} */")
        for kind, name, value in entries:
            if kind == "offset":
                struct, field = name.split(".")
                out.append(f'_Static_assert(offsetof({c_name(struct)}, {field}) == {value}, "{name} moved: {BROKEN} ({record})");')
            elif kind == "size":
                out.append(f'_Static_assert(sizeof({name}) == {value}, "{name} has another size: {BROKEN} ({record})");')
            elif kind == "value":
                out.append(f'_Static_assert((int)({name}) == {value}, "{name} has another value: {BROKEN} ({record})");')
            else:
                raise Stop(f"{record}: {kind} {name}: expected offset, size or value")
    check_order(boundary, every)
    return "\n".join(out) + "\n"


def snapshot(*include_folders):
    """The members stand in the order of the newest record of abidw, what is new behind them: their order is no change of the boundary."""
    boundary = headers.read(*include_folders)
    reachable = [struct.name for struct in boundary.structs] + list(boundary.enums)
    known = []
    for path in sorted(HERE.glob("mortise-*.abi"), key=lambda path: [int(part) for part in path.stem.removeprefix("mortise-").split(".")]):
        known = re.findall(r"<var-decl name='(mortise_\w+)_' ", re.search(r"<class-decl name='mortise_abi_snapshot' .*?</class-decl>", path.read_text(), re.S)[0])
    order = known + [name for name in reachable if name not in known]
    members = [f"  {name} {name}_;" if name in boundary.enums else f"  const {c_name(name)}* {name}_;"
               for name in order]
    return "\n".join(["/* Made by sdk/abi/mirror.py. */", includes(boundary), "struct mortise_abi_snapshot {", *members, "};\n",
                      "int mortise_abi_snapshot(const struct mortise_abi_snapshot* all);",
                      "int mortise_abi_snapshot(const struct mortise_abi_snapshot* all) { return all != NULL; }"]) + "\n"


def record(version):
    base = (headers.INCLUDE_FOLDERS[0] / "mortise" / "abi" / "base.h").read_text()
    current = ".".join(re.search(rf"#define MORTISE_ABI_{part} (\d+)", base)[1] for part in ("MAJOR", "MINOR"))
    if version != current:
        raise Stop(f"the headers are those of {current}, not of {version}, whose record stays as it is")
    path = HERE / f"mortise-{version}.layout"
    boundary = headers.read(*headers.INCLUDE_FOLDERS)
    before = {(kind, name) for _, entries in records() for kind, name, _ in entries}
    lines = []
    for struct in boundary.structs:
        for field in struct.fields:
            if ("offset", f"{struct.name}.{field.name}") not in before:
                lines.append(f'  printf("offset {struct.name}.{field.name} %zu\\n", offsetof({c_name(struct.name)}, {field.name}));')
    for constants in boundary.enums.values():
        for name, value in constants:
            if not name.endswith("_SIZE_") and ("value", name) not in before:
                lines.append(f'  puts("value {name} {value}");')
    program = f"#include <stdio.h>\n{includes(boundary)}\nint main(void) {{\n" + "\n".join(lines) + "\n}\n"
    with tempfile.TemporaryDirectory() as work:
        source = pathlib.Path(work, "record.c")
        source.write_text(program)
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", *(f"-I{folder}" for folder in headers.INCLUDE_FOLDERS), source, "-o", f"{work}/record"], check=True)
        with path.open("a") as file:
            file.write(subprocess.run([f"{work}/record"], check=True, capture_output=True, text=True).stdout)
    return len(lines)


def interfaces():
    """What the kernel serves: the tables without a `context`, which those of modules have."""
    boundary = headers.read(*headers.INCLUDE_FOLDERS)
    served = []
    for struct in boundary.structs:
        match = re.match(r"^mortise_(\w+)_v(\d+)$", struct.name)
        if match and struct.fields[1].name != "context":
            served.append(f'  X({struct.name}, "{match[1]}/{match[2]}")')
    return ("// Made by sdk/abi/mirror.py: the interfaces that the kernel serves, as the headers of the boundary have them.\n#pragma once\n\n"
            "#define MORTISE_HOST_INTERFACES(X) \\\n" + " \\\n".join(served) + "\n")


def main(arguments):
    match arguments:
        case ["layout", out]:
            pathlib.Path(out).write_text(layout(*headers.INCLUDE_FOLDERS))
        case ["interfaces", out]:
            pathlib.Path(out).write_text(interfaces())
        case ["snapshot", folder, out]:
            pathlib.Path(out).write_text(snapshot(pathlib.Path(folder)))
        case ["record", version]:
            print(f"{record(version)} lines")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Stop, headers.Unreadable) as stopped:
        sys.exit(f"{stopped}")
