"""check_quotes.py [--write] REPOSITORY FILE.md...: every block after `<!-- quote: PATH [name] -->` equals the piece between the lines that
end in [name] and [/name] in PATH, indentation of the whole piece aside. --write puts the pieces in."""
import re
import sys
import textwrap

QUOTE = re.compile(r"<!-- quote: (\S+) \[(\w+)\] -->\n```(\w*)\n(.*?)```\n", re.S)


def piece(repository, path, name):
    lines = open(f"{repository}/{path}", encoding="utf-8").read().split("\n")
    marks = [i for i, line in enumerate(lines) if re.fullmatch(r"\s*(//|#|/\*) \[/?%s\]( \*/)?" % name, line)]
    if len(marks) != 2 or "[/" in lines[marks[0]] or "[/" not in lines[marks[1]]:
        sys.exit(f"{path}: expected one piece [{name}] ... [/{name}], found {len(marks)} marks")
    return textwrap.dedent("\n".join(lines[marks[0] + 1 : marks[1]])) + "\n"


def main(arguments):
    write = arguments[0] == "--write"
    repository, *files = arguments[1:] if write else arguments
    wrong = 0
    for file in files:
        text = open(file, encoding="utf-8").read()
        found = QUOTE.findall(text)
        if not found or len(found) != text.count("<!-- quote:"):
            sys.exit(f"{file}: {text.count('<!-- quote:')} quotes, {len(found)} of them with a block right below")
        for path, name, _, block in found:
            if block != piece(repository, path, name):
                wrong += 1
                if not write:
                    print(f"{file}: the quote of {path} [{name}] differs; run sdk/tests/check_quotes.py --write . {file}")
        if write:
            fresh = QUOTE.sub(lambda m: f"<!-- quote: {m[1]} [{m[2]}] -->\n```{m[3]}\n{piece(repository, m[1], m[2])}```\n", text)
            open(file, "w", encoding="utf-8").write(fresh)
    sys.exit(1 if wrong and not write else 0)


main(sys.argv[1:])
