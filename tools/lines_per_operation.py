#!/usr/bin/env python3
"""Lines per operation of each shipped module: C++, contracts, unit and module tests, end-to-end tests.

tools/lines_per_operation.py [TREE]     TREE: a checkout, default: this one

Lines count when they are neither empty nor only a comment. Operations are the operationIds of the module's contracts. End-to-end
tests belong to the module whose name begins their file's name.
"""
import pathlib
import re
import sys

END_TO_END = {  # prefix of the file names in tests/e2e
    "auth": ["auth_", "wechat_", "service_keys_", "organisations", "one_account_", "sfs_replay_", "tiers_"],
    "files": ["files_", "hostile_uploads_"],
    "scheduler": ["scheduler_"],
    "skills": ["skill", "hostile_bundles"],
    "sync": ["sync_sessions_"],
}


def lines(paths, comment):
    count = 0
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.strip()
            if text and not text.startswith(comment):
                count += 1
    return count


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    print(f"{'module':10} {'operations':>10} {'C++':>6} {'contract':>9} {'tests':>6} {'e2e':>6}")
    total = [0, 0, 0, 0, 0]
    for module in sorted(path.name for path in (root / "modules").iterdir() if (path / "module.yaml").exists()):
        folder = root / "modules" / module
        contracts = sorted((folder / "contracts").glob("*.yaml"))
        operations = sum(len(re.findall(r"^[^#\n]*\boperationId: ", path.read_text(encoding="utf-8"), re.M)) for path in contracts)
        sources = [p for p in folder.rglob("*.[ch]pp") if "tests" not in p.relative_to(folder).parts]
        tests = [p for p in folder.rglob("*.[ch]pp") if "tests" in p.relative_to(folder).parts]
        ends = [p for p in (root / "tests" / "e2e").glob("*.py") if any(p.name.startswith(name) for name in END_TO_END.get(module, []))]
        row = [operations, lines(sources, "//"), lines(contracts, "#"), lines(tests, "//"), lines(ends, "#")]
        total = [a + b for a, b in zip(total, row)]
        show(module, row)
    show("all", total)


def show(name, row):
    per = [value / row[0] for value in row[1:]]
    print(f"{name:10} {row[0]:>10} {per[0]:>6.1f} {per[1]:>9.1f} {per[2]:>6.1f} {per[3]:>6.1f}")


if __name__ == "__main__":
    main()
