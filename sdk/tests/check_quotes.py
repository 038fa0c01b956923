"""check_quotes.py [--write] REPOSITORY FILE.md...: every ``` block stands right below <!-- quote: PATH [name] --> and equals the piece of PATH
between the lines that end in [name] and [/name], indentation of the whole piece aside; without [name] it equals the whole file, its
own marks left out. --write puts the pieces in."""
import re
import sys
import textwrap

QUOTE = re.compile(r"<!-- quote: (\S+)(?: \[(\w+)\])? -->\n```(\w*)\n(.*?)```\n", re.S)
MARK = r"\s*(//|#|--|/\*) \[/?%s\]( \*/)?"


def piece(repository, path, name):
    lines = open(f"{repository}/{path}", encoding="utf-8").read().split("\n")
    if not name:
        return "\n".join(line for line in lines if not re.fullmatch(MARK % r"\w+", line))
    marks = [i for i, line in enumerate(lines) if re.fullmatch(MARK % name, line)]
    if len(marks) != 2 or "[/" in lines[marks[0]] or "[/" not in lines[marks[1]]:
        sys.exit(f"{path}: expected one piece [{name}] ... [/{name}], found {len(marks)} marks")
    inside = [line for line in lines[marks[0] + 1 : marks[1]] if not re.fullmatch(MARK % r"\w+", line)]
    return textwrap.dedent("\n".join(inside)).strip("\n") + "\n"


def main(arguments):
    write = arguments[0] == "--write"
    repository, *files = arguments[1:] if write else arguments
    wrong = 0
    for file in files:
        text = open(file, encoding="utf-8").read()
        quotes = QUOTE.findall(text)
        announced, blocks = text.count("<!-- quote:"), len(re.findall(r"^```", text, re.M)) / 2
        if not quotes or not len(quotes) == announced == blocks:
            sys.exit(f"{file}: {announced} quotes and {blocks:g} blocks, {len(quotes)} of them together; every block is a quote")
        for path, name, _, block in quotes:
            if block != piece(repository, path, name):
                wrong += 1
                if not write:
                    print(f"{file}: the quote of {path} {name or 'as a whole'} differs; run sdk/tests/check_quotes.py --write . {file}")
        if write:
            whole = QUOTE.sub(
                lambda m: m[0][: m.start(4) - m.start()] + piece(repository, m[1], m[2]) + "```\n", text)
            open(file, "w", encoding="utf-8").write(whole)
    sys.exit(1 if wrong and not write else 0)


main(sys.argv[1:])
