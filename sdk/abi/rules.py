"""Checks what abi/base.h promises of every pointer to a function at the boundary: a comment, its threads, and an owner for each pointer it takes or gives.

    rules.py               prints file:line and what is missing, exit status 1
    rules.py --self-test   proves that each kind of omission is noticed"""
import pathlib
import re
import shutil
import sys
import tempfile

import headers

THREADS = ("[start]", "[loop]", "[worker]", "[any]")
OWNER = re.compile(r"^(borrowed|called|filled|kept until .+|lives until .+|freed by \w+( or \w+)*|released)$")
STANDING = re.compile(r"^(error|(\w+_)?context)$")  # base.h says what they mean everywhere


def is_pointer(argument, function_types):
    return argument.type == "function" or argument.type.endswith("*") or argument.type in function_types


def needs_owner(function, function_types):
    """Names of the arguments whose owner must be said."""
    names = [argument.name for at, argument in enumerate(function.arguments) if at > 0 and not STANDING.match(argument.name) and is_pointer(argument, function_types)]
    if function.result.endswith("*") or function.result == "mortise_str":
        names.append("result")
    return names


def owners_of(comment):
    """{name: word} of the sentence that begins with Owner:, and what is no such pair."""
    match = re.search(r"\bOwner: (.*)\.$", comment)
    owners, unclear = {}, []
    for part in match[1].split("; ") if match else []:
        name, _, word = part.partition(" ")
        word, _, more = word.partition(",")  # "borrowed, its context kept until ...": the rest is for people
        if OWNER.match(word) and name not in owners:
            owners[name] = word + more
        else:
            unclear.append(part)
    return owners, unclear


def complaints(*include_folders):
    boundary = headers.read(*include_folders)
    function_types = {function.name for function in boundary.function_types}
    for holder, function in boundary.functions():
        name = f"{function.place}: {holder + '.' if holder else ''}{function.name}"
        if not function.comment:
            yield f"{name} has no comment"
            continue
        rest, threads = function.comment, []
        while match := re.match(r"\[\w+\] ?", rest):
            threads.append(match.group().strip())
            rest = rest[match.end():]
        if not threads:
            yield f"{name}: the comment does not begin with its threads, {' '.join(THREADS)}"
        for word in threads:
            if word not in THREADS:
                yield f"{name}: {word} is none of {' '.join(THREADS)}"
        if not re.sub(r"\bOwner: .*", "", rest).strip():
            yield f"{name}: the comment does not say what it does"
        owners, unclear = owners_of(function.comment)
        for part in unclear:
            yield f"{name}: \"{part}\" is no name followed by an owner word of abi/base.h"
        for argument in needs_owner(function, function_types):
            if argument not in owners:
                yield f"{name}: no owner word for {argument}"
        for argument in owners:
            if argument not in [one.name for one in function.arguments] + ["result"]:
                yield f"{name}: an owner word for {argument}, which is no argument"


def self_test():
    """Each change of one header must bring one complaint with these words."""
    changes = (
        ("abi/cache.h", r"  /\* \[start\] \[worker\] Stores a value, in.*?\*/\n", "", "set has no comment"),
        ("abi/cache.h", r"\[start\] \[worker\] Stores a value, in", "Stores a value, in", "does not begin with its threads"),
        ("abi/cache.h", r"\[start\] \[worker\] Stores a value, in", "[loops] Stores a value, in", "[loops] is none of"),
        ("abi/cache.h", r"\[start\] \[worker\] Stores a value, in place of one that is there\.", "[any]", "does not say what it does"),
        ("abi/db.h", r" types borrowed;", "", "no owner word for types"),
        ("abi/db.h", r" types borrowed;", " types forgotten;", "is no name followed by an owner word"),
        ("abi/db.h", r" types borrowed;", " types borrowed; kinds borrowed;", "owner word for kinds, which is no argument"),
        ("abi/call.h", r"(The operationId of the contract\.) Owner: [^/]*\. \*/", r"\1 */", "no owner word for result"),
        ("abi/jobs.h", r"\n\} mortise_jobs_v1;", "\n  void (*added)(mortise_host* host);\n} mortise_jobs_v1;", "added has no comment"),
        ("abi/jobs.h", r"\ntypedef struct mortise_jobs_v1", "\ntypedef void (*mortise_added_sink)(void* context);\n\ntypedef struct mortise_jobs_v1", "mortise_added_sink has no comment"),
        ("testing/abi.h", r" database freed by close_database;", " database forgotten;", "is no name followed by an owner word"),
    )
    for file, old, new, expected in changes:
        with tempfile.TemporaryDirectory() as folder:
            for include in headers.INCLUDE_FOLDERS:
                shutil.copytree(include, folder, dirs_exist_ok=True)
            path = pathlib.Path(folder, "mortise", file)
            text, count = re.subn(old, new, path.read_text(), flags=re.S)
            assert count == 1, f"the self-test's change of {file} no longer fits: {old}"
            path.write_text(text)
            found = list(complaints(folder))
            assert any(expected in one for one in found), f"not noticed in {file}: {expected}; only {found}"
    assert len(list(headers.read(*headers.INCLUDE_FOLDERS).functions())) > 230, "the reader passes over functions"


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    found = list(complaints(*headers.INCLUDE_FOLDERS))
    print("\n".join(found))
    sys.exit(1 if found else 0)
