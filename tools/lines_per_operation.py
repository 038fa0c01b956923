#!/usr/bin/env python3
"""Lines per operation of each shipped module: C++, contracts, unit and module tests, end-to-end tests.

tools/lines_per_operation.py [TREE]     TREE: a checkout, default: this one

Lines count when they are neither empty nor only a comment. Operations are the operationIds of the module's contracts. A file of tests/e2e
belongs to the module that has the beginning of its name below; a test that belongs to none, or to two, is an error unless SHARED names it.
"""
import pathlib
import re
import sys

END_TO_END = {  # prefixes of the file names in tests/e2e
    "agent": ["agent_", "rfb_viewer"],
    "auth": ["account_facts", "auth_", "one_account", "organisations", "password_change", "service_keys", "sfs_replay", "teams", "tiers",
             "unproved_accounts", "wechat"],
    "files": ["files_", "hostile_uploads"],
    "projects": ["billing", "knowledge", "personas", "project", "retrieval_audits", "rules", "sfs_projects", "tickets", "wiki", "work_queues"],
    "scheduler": ["scheduler_"],
    "skills": ["hostile_bundles", "skill"],
    "sync": ["administration", "bookmarks", "captured_sessions", "handoffs", "hostile_archives", "library", "push_", "session_", "sfs_clients",
             "share_links", "sync_sessions", "watching"],
}
# Of the kernel, the SDK or several modules: NAME_test.py.
SHARED = """all_modules audit bad_modules bounded_work cli client_limits clock cluster_accounts crash doctor edge_rules failing_streams faults generators
jobs_cluster limit_override mail module_commands object_rights open_requests openapi password_lane principals proxy query_bounds quickstart released_data
released_modules released_sources removed_users rights roles s3 schemathesis scrub sdk security_doc status streams transfers wrong_server""".split()


def owners(path):
    return [module for module, prefixes in END_TO_END.items() if path.name.startswith(tuple(prefixes))]


def unassigned(root):
    """Names of the tests that SHARED leaves out, or that not exactly one module has."""
    tests = sorted((root / "tests" / "e2e").glob("*_test.py"))
    return [path.name for path in tests if len(owners(path)) != (0 if path.name.removesuffix("_test.py") in SHARED else 1)]


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
    if names := unassigned(root):
        sys.exit(f"tests/e2e: no module, or more than one, has {', '.join(names)}; add a prefix to END_TO_END, or the name to SHARED")
    print(f"{'module':10} {'operations':>10} {'C++':>6} {'contract':>9} {'tests':>6} {'e2e':>6}")
    total = [0, 0, 0, 0, 0]
    for module in sorted(path.name for path in (root / "modules").iterdir() if (path / "module.yaml").exists()):
        folder = root / "modules" / module
        contracts = sorted((folder / "contracts").glob("*.yaml"))
        operations = sum(len(re.findall(r"^[^#\n]*\boperationId: ", path.read_text(encoding="utf-8"), re.M)) for path in contracts)
        sources = [p for p in folder.rglob("*.[ch]pp") if "tests" not in p.relative_to(folder).parts]
        tests = [p for p in folder.rglob("*.[ch]pp") if "tests" in p.relative_to(folder).parts]
        ends = [p for p in (root / "tests" / "e2e").glob("*.py") if module in owners(p)]
        row = [operations, lines(sources, "//"), lines(contracts, "#"), lines(tests, "//"), lines(ends, "#")]
        total = [a + b for a, b in zip(total, row)]
        show(module, row)
    show("all", total)


def show(name, row):
    per = [value / row[0] for value in row[1:]]
    print(f"{name:10} {row[0]:>10} {per[0]:>6.1f} {per[1]:>9.1f} {per[2]:>6.1f} {per[3]:>6.1f}")


if __name__ == "__main__":
    main()
