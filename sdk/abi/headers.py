"""Reads the C headers of the boundary (mortise/abi/*.h, and the test kit's mortise/testing/abi.h). They are regular: one declaration after the other,
comments above or behind.

    headers.py folders    the folders that hold them"""
import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# The SDK's, the test kit's, and those of interfaces that modules offer.
INCLUDE_FOLDERS = [ROOT / "sdk" / "include", ROOT / "core" / "testing" / "include", *sorted(ROOT.glob("modules/*/include"))]


@dataclasses.dataclass
class Argument:
    text: str  # as declared
    name: str
    type: str  # without the name; "function" for a pointer to a function
    arguments: list = None  # of a pointer to a function


@dataclasses.dataclass
class Function:
    """A pointer to a function: a member of a struct or table, or a type of its own (a sink)."""
    name: str
    result: str
    arguments: list
    comment: str
    place: str  # file:line


@dataclasses.dataclass
class Field:
    name: str
    type: str  # "function" for a pointer to a function
    function: Function = None


@dataclasses.dataclass
class Struct:
    name: str
    header: str
    fields: list

    def is_table(self):
        return re.search(r"_v\d+$", self.name) is not None


@dataclasses.dataclass
class Boundary:
    headers: list  # as they are included: mortise/abi/db.h
    structs: list
    enums: dict  # name: [(constant, value)]
    function_types: list

    def functions(self):
        """Every pointer to a function, with the name of what holds it."""
        for struct in self.structs:
            for field in struct.fields:
                if field.function:
                    yield struct.name, field.function
        for function in self.function_types:
            yield "", function


class Unreadable(Exception):
    pass


def split_arguments(text):
    parts, depth, start = [], 0, 0
    for at, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in parts + [text[start:]] if part.strip() not in ("", "void")]


FUNCTION = re.compile(r"^(?P<result>.*?)\(\s*\*\s*(?P<name>\w+)\s*\)\s*\((?P<arguments>.*)\)$", re.S)


def argument_of(text):
    text = " ".join(text.split())
    if match := FUNCTION.match(text):
        return Argument(text, match["name"], "function", [argument_of(one) for one in split_arguments(match["arguments"])])
    match = re.match(r"^(?P<type>.*?[\s*])(?P<name>\w+)(?P<array>\[\w*\])?$", text)
    if not match:
        raise Unreadable(f"an argument without a name: {text}")
    return Argument(text, match["name"], match["type"].strip() + ("*" if match["array"] else ""))


def declarations(text, first_line):
    """(declaration, comment, line) for each part of `text` that ends in ';'. The comment is the one right above it, or behind it on its last line."""
    tokens = re.compile(r"/\*.*?\*/|;|\n[ \t]*\n|[^;/\n]+|/|\n", re.S)
    above, words, start, out = "", "", None, []
    line, blank, depth = first_line, False, 0
    for match in tokens.finditer(text):
        token = match.group()
        at = line
        line += token.count("\n")
        if token.startswith("/*"):
            comment = " ".join(re.sub(r"^\s*\* ?", "", part).strip() for part in token[2:-2].split("\n")).strip()
            if words.strip():
                above += " " + comment  # inside a declaration
            elif out and not out[-1][3] and at == out[-1][4]:
                out[-1][1] = (out[-1][1] + " " + comment).strip()
                out[-1][3] = True
            else:
                above = comment
        elif token == ";" and depth == 0:
            out.append([" ".join(words.split()), above, start or at, False, at])
            above, words, start = "", "", None
        elif token.isspace() and not words.strip():
            if token.count("\n") > 1:
                above = ""
        else:
            if start is None and token.strip():
                start = at
            depth += token.count("{") - token.count("}")
            words += token
    return [(declaration, comment, where) for declaration, comment, where, _, _ in out]


def function_of(declaration, comment, place):
    match = FUNCTION.match(declaration)
    if not match:
        return None
    return Function(match["name"], match["result"].strip(), [argument_of(one) for one in split_arguments(match["arguments"])], comment, place)


def read_header(path, boundary):
    text = path.read_text()
    blank_comments = re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.S)
    taken = []
    for match in re.finditer(r"^(?:typedef )?struct (\w+) \{\n(.*?)^\}", blank_comments, re.S | re.M):
        body = text[match.start(2):match.end(2)]
        first = text.count("\n", 0, match.start(2)) + 1
        fields = []
        for declaration, comment, line in declarations(body, first):
            function = function_of(declaration, comment, f"{path.name}:{line}")
            if function:
                fields.append(Field(function.name, "function", function))
                continue
            if union := re.match(r"^union \{.*\} (\w+)$", declaration):
                fields.append(Field(union[1], "union"))
                continue
            member = re.match(r"^(?P<type>.*?[\s*])(?P<name>\w+)(?P<array>\[\w+\])?$", declaration)
            if not member:
                raise Unreadable(f"{path.name}:{line}: {declaration}")
            fields.append(Field(member["name"], member["type"].strip() + (member["array"] or "")))
        boundary.structs.append(Struct(match[1], path.name, fields))
        taken.append((match.start(), match.end()))
    for match in re.finditer(r"^typedef enum (\w+) \{\n(.*?)^\} \1;", blank_comments, re.S | re.M):
        constants = re.findall(r"(\w+)\s*=\s*(\w+)", match[2])
        boundary.enums[match[1]] = [(name, int(value, 0)) for name, value in constants]
        taken.append((match.start(), match.end()))
    rest = list(text)
    for start, end in taken:
        rest[start:end] = re.sub(r"[^\n]", " ", text[start:end])
    at = text.find("MORTISE_BEGIN_C\n\n")
    body = "".join(rest)[at:] if at >= 0 else ""
    for declaration, comment, line in declarations(body, text.count("\n", 0, max(at, 0)) + 1):
        if declaration.startswith("typedef ") and "(*" in declaration:
            boundary.function_types.append(function_of(declaration[len("typedef "):], comment, f"{path.name}:{line}"))


def read(*include_folders):
    """The headers of the boundary below these folders, by name."""
    boundary = Boundary([], [], {}, [])
    paths = [(path.relative_to(folder).as_posix(), path) for folder in include_folders
             for pattern in ("mortise/abi/*.h", "mortise/testing/abi.h") for path in pathlib.Path(folder).glob(pattern)]
    for name, path in sorted(paths):
        boundary.headers.append(name)
        read_header(path, boundary)
    return boundary


if __name__ == "__main__":
    if sys.argv[1:] != ["folders"]:
        sys.exit(__doc__)
    print("\n".join(str(folder) for folder in INCLUDE_FOLDERS))
