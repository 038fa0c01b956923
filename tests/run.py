"""Runs every test of one build: the GoogleTest binaries through ctest, then the end-to-end tests of tests/e2e over real HTTP.

    /usr/bin/python3 tests/run.py --build build/release [--unit | --e2e] [--filter TEXT] [--jobs N]

Prints one line per test with its seconds, the time of each kind, and ends with "N passed, N failed, N skipped" over both. Exit status 1 when anything failed.

An end-to-end file is tests/e2e/*_test.py with unittest cases. It runs in a process of its own, under a time limit (TIME_LIMIT = seconds
at the head of the file, 180 otherwise); what it leaves running is ended with it. EXCLUSIVE = True: nothing else runs beside it."""
import argparse
import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
E2E = ROOT / "tests" / "e2e"
PR_SET_CHILD_SUBREAPER = 36
print_lock = threading.Lock()


def say(text):
    with print_lock:
        print(text, flush=True)


@contextlib.contextmanager
def timed(what):
    """Tells how long a part of the run took, and how much of the machine it left idle: whether more at a time would end it sooner."""

    def cpu_times():  # of all cores since the machine started: user, nice, system, idle, waiting for disks, ...
        return [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]

    began, before = time.monotonic(), cpu_times()
    yield
    spent = [now - then for now, then in zip(cpu_times(), before)]
    say(f"» {what}: {time.monotonic() - began:.0f} s, {100 * sum(spent[3:5]) / max(1, sum(spent)):.0f} % of the machine idle")


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.failures = []

    def add(self, outcome, name):
        if outcome == "PASS":
            self.passed += 1
        elif outcome == "SKIP":
            self.skipped += 1
        else:
            self.failed += 1
            self.failures.append(name)


# ---- GoogleTest through ctest ----------------------------------------------------------------------------------------------


def sanitizer_environment():
    """Options that only a sanitizer build reads: a finding must end the program with a failure."""
    return {
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "LSAN_OPTIONS": f"suppressions={ROOT / 'tests' / 'lsan.supp'}:print_suppressions=0",
        # die_after_fork: tests kill a child in the middle of its work, which has threads of its own.
        "TSAN_OPTIONS": f"halt_on_error=0:exitcode=66:die_after_fork=0:second_deadlock_stack=1:suppressions={ROOT / 'tests' / 'tsan.supp'}",
    }


def count_cases(output):
    """Cases of one GoogleTest program from its own summary lines; (0, 0, 0) when it is no GoogleTest program."""
    found = {word: sum(int(n) for n in re.findall(rf"^\[ *{word} *\] (\d+) tests?[.,]", output, re.M)) for word in ("PASSED", "FAILED", "SKIPPED")}
    return found["PASSED"], found["FAILED"], found["SKIPPED"]


def failed_cases(output):
    """Name and last lines of each case of a GoogleTest program that failed, or in which the program ended."""
    begun = re.split(r"^\[ RUN      \] (\S+)\n", output, flags=re.M)
    found = []
    for name, text in zip(begun[1::2], begun[2::2]):
        end = re.search(rf"\[ +(OK|SKIPPED|FAILED) +\] {re.escape(name)}[ ,(]", text)
        if end is None:
            found.append((f"ended in {name}", text[-3000:]))
        elif end.group(1) == "FAILED":
            found.append((name, text[:end.start()][-1500:]))
    return found


def run_units(build, pattern, jobs, sanitized, tally):
    report = build / "ctest.xml"
    report.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(build), "--parallel", str(jobs), "--timeout", "3600" if sanitized else "1200", "--output-junit", "ctest.xml",
               "--output-on-failure", "--test-output-size-passed", "4000000", "--test-output-size-failed", "4000000"]
    if pattern:
        command += ["--tests-regex", re.escape(pattern)]
    say("» " + " ".join(command))
    code = subprocess.run(command, env={**os.environ, **sanitizer_environment()}, stdin=subprocess.DEVNULL).returncode
    if not report.exists():
        say("FAIL ctest wrote no report")
        tally.add("FAIL", "ctest")
        return 0
    cases = list(xml.etree.ElementTree.parse(report).getroot().iter("testcase"))
    for case in cases:
        name, status = case.get("name"), case.get("status")
        output = "".join(text.text or "" for text in case.iter("system-out"))
        passed, failed, skipped = count_cases(output)
        if status in ("disabled", "notrun"):
            # A binary that is missing, or a test switched off, is a failure: nothing leaves the suite in silence.
            tally.add("FAIL", f"{name} ({status})")
            continue
        if passed + failed + skipped == 0 and status == "run":
            tally.add("PASS", name)
            continue
        tally.passed += passed
        tally.skipped += skipped
        if status == "run" and not failed:
            continue
        tally.failed += max(failed, 1)
        # Told again at the end, where whoever reads only the last lines finds it.
        told = failed_cases(output)
        tally.failures += [f"{name}: {one}\n{text}" for one, text in told]
        if len(told) < max(failed, 1):
            tally.failures.append(f"{name}, which ended with\n{output[-1500:]}")
    if code != 0 and tally.failed == 0:
        tally.add("FAIL", f"ctest (exit {code})")
    return len(cases)


# ---- end-to-end tests --------------------------------------------------------------------------------------------------------


class Reporter(unittest.TestResult):
    """Tells the parent about each test as one JSON line on the descriptor it was given."""

    def __init__(self, channel):
        super().__init__()
        self.channel, self.began = channel, 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.tell("START", test, "")

    def tell(self, outcome, test, text):
        name = test.id().replace("__main__.", "") if hasattr(test, "id") else str(test)
        line = {"outcome": outcome, "name": name, "seconds": time.monotonic() - self.began, "text": text}
        os.write(self.channel, (json.dumps(line) + "\n").encode())

    def addSuccess(self, test):
        super().addSuccess(test)
        self.tell("PASS", test, getattr(test, "measured", ""))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tell("SKIP", test, reason)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.tell("FAIL", test, self.failures[-1][1])

    def addError(self, test, error):
        super().addError(test, error)
        self.tell("FAIL", test, self.errors[-1][1])

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.tell("FAIL", subtest, self._exc_info_to_string(error, test))

    def addExpectedFailure(self, test, error):
        self.addFailure(test, error)  # there are no expected failures here

    def addUnexpectedSuccess(self, test):
        self.tell("FAIL", test, "passed although marked as expected failure")


def run_one_file(path, channel):
    """In the child: runs the cases of one file."""
    for ignored in (signal.SIGHUP, signal.SIGINT):  # by nohup or a shell's &; what the tests start would inherit that
        signal.signal(ignored, signal.default_int_handler if ignored == signal.SIGINT else signal.SIG_DFL)
    sys.path.insert(0, str(E2E))
    try:
        __import__(pathlib.Path(path).stem)
    except ModuleNotFoundError as error:
        raise SystemExit(f"{pathlib.Path(path).name} needs the Python package {error.name}; ./dev setup --tests installs what the tests need") from error
    reporter = Reporter(channel)
    suite = unittest.defaultTestLoader.loadTestsFromName(pathlib.Path(path).stem)
    if suite.countTestCases() == 0:
        raise SystemExit(f"{path} has no tests")
    suite.run(reporter)
    return 0


def setting(path, name, fallback):
    match = re.search(rf"^{name} = (\S+)", path.read_text(), re.M)
    return fallback if match is None else (match.group(1) == "True" if isinstance(fallback, bool) else float(match.group(1)))


def end_group(process):
    """Ends the child and its session, and reaps orphans as subreaper."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_file(path, environment, factor, tally):
    # Twice what the file asks for: the limit ends what hangs, a slow machine is no failure.
    limit = setting(path, "TIME_LIMIT", 180.0) * factor * 2
    if os.environ.get("MORTISE_LONG") == "1":
        limit *= 20
    reader, writer = os.pipe()
    log = open(environment["MORTISE_TEST_LOGS"] + f"/{path.stem}.log", "w+b")
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-u", __file__, "--one", str(path), str(writer)], pass_fds=[writer], cwd=ROOT, env=environment,
                               stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    os.close(writer)
    timer = threading.Timer(limit, end_group, [process])
    timer.start()
    running, seen = None, 0
    with os.fdopen(reader, "r") as lines:
        for line in lines:
            event = json.loads(line)
            if event["outcome"] == "START":
                running = event["name"]
                continue
            seen += 1
            if event["name"] == running:
                running = None
            tally.add(event["outcome"], event["name"])
            text = event["text"].rstrip()
            if event["outcome"] == "FAIL":
                text = "\n    " + text.replace("\n", "\n    ")
            elif text:
                text = "  " + text
            say(f"{event['outcome']} {event['seconds']:6.1f} s  {event['name']}{text}")
    process.wait()
    timed_out = not timer.is_alive()
    timer.cancel()
    end_group(process)
    log.seek(0)
    output = log.read().decode(errors="replace")
    log.close()
    if timed_out or process.returncode != 0 or seen == 0:
        why = f"over its limit of {limit:.0f} s" if timed_out else f"exit {process.returncode}"
        name = f"{path.stem}{'.' + running if running else ''}"
        tally.add("FAIL", name)
        say(f"FAIL {time.monotonic() - began:6.1f} s  {name}: {why}\n    " + output[-6000:].replace("\n", "\n    "))


def run_end_to_end(build, pattern, jobs, sanitized, tally):
    files = sorted(path for path in E2E.glob("*_test.py") if not pattern or pattern in path.stem)
    if not files:
        return 0
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    logs = build / "e2e-logs"
    logs.mkdir(exist_ok=True)
    environment = {"MORTISE_BINARY": str(build / "mortise"), "MORTISE_BUILD": str(build), "MORTISE_SANITIZED": "1" if sanitized else "",
                   "MORTISE_TEST_LOGS": str(logs), **os.environ, **sanitizer_environment()}
    factor = 4.0 if sanitized else 1.0
    say(f"» {len(files)} end-to-end files, {jobs} at a time; what they print is in {logs}")
    # Long ones first, so that none is left alone at the end; the exclusive ones measure, and get the machine for themselves.
    together = sorted((path for path in files if not setting(path, "EXCLUSIVE", False)), key=lambda path: -setting(path, "TIME_LIMIT", 180.0))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(run_file, path, environment, factor, tally) for path in together]:
            done.result()
    for path in files:
        if path not in together:
            run_file(path, environment, factor, tally)
    return len(files)


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--one":
        return run_one_file(sys.argv[2], int(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--unit", action="store_true")
    parser.add_argument("--e2e", action="store_true")
    parser.add_argument("--filter", default="")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    build = options.build.resolve()
    cache = (build / "CMakeCache.txt").read_text()
    sanitized = re.search(r"^MORTISE_SANITIZE:[A-Z]*=\S+$", cache, re.M) is not None
    tally, found = Tally(), 0
    if options.unit or not options.e2e:
        with timed("GoogleTest programs"):
            found += run_units(build, options.filter, options.jobs, sanitized, tally)
    if options.e2e or not options.unit:
        with timed("end-to-end tests"):
            found += run_end_to_end(build, options.filter, options.jobs, sanitized, tally)
    if found == 0:
        say(f"no test matches {options.filter!r}")
        return 2
    for name in tally.failures:
        say(f"failed: {name}")
    say(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
