"""docs/security.md claims nothing without evidence: every test, file and link that it names exists, and every row is met, open or n/a with a reason."""
import re
import unittest

from support import ROOT

DOCUMENT = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| ([\d., -]+?) \| (\S+) \| (.+) \|$")


def sources(name):
    """The files that hold the tests of `name`: an end-to-end file without its ending, or a unit test."""
    return [ROOT / "tests" / "e2e" / f"{name}_test.py", ROOT / "tests" / "e2e" / f"{name}.py", *(ROOT / "core").glob(f"*/{name}.cpp"),
            *(ROOT / "core" / "services").glob(f"*/{name}.cpp"), *(ROOT / "modules").glob(f"*/tests/{name}.cpp")]


class SecurityDocument(unittest.TestCase):
    def rows(self):
        for line in DOCUMENT.read_text().splitlines():
            found = ROW.match(line)
            if found and found.group(1).strip()[:1].isdigit():
                yield found.groups()

    def test_every_row_has_a_state_and_a_reason(self):
        rows = list(self.rows())
        self.assertGreaterEqual(len(rows), 80)
        for number, state, reason in rows:
            with self.subTest(number):
                self.assertIn(state, ("met", "open", "n/a"))
                self.assertGreaterEqual(len(reason), 8)
                if state == "met":
                    self.assertRegex(reason, r"`[a-z_]+: \w+|(core|modules|tests|docs|etc|contracts|migrations)/|As \d", "a claim needs its test or file")

    def test_every_named_test_is_there(self):
        named = 0
        for number, _, reason in self.rows():
            texts = []
            for token in re.findall(r"`([^`]+)`", reason):
                file, colon, test = token.partition(": ")
                if colon and re.fullmatch(r"[a-z_]+", file):
                    texts = [path.read_text() for path in sources(file) if path.exists()]
                    self.assertTrue(texts, f"{number}: no file holds the tests of {file}")
                elif re.fullmatch(r"test_[a-z0-9_]+|[A-Z][A-Za-z0-9]{9,}", token) and texts:
                    test = token
                if not test:
                    continue
                named += 1
                with self.subTest(f"{number} {test}"):
                    found = any(re.search(rf"def {test}\(|TEST\w*\(\w+, {test}\)", text) for text in texts)
                    self.assertTrue(found, f"{number}: there is no test {test}")
        self.assertGreater(named, 50)

    def test_every_named_file_is_there(self):
        text = DOCUMENT.read_text()
        for path in set(re.findall(r"(?<![\w/.])((?:core|modules|tests|docs|etc)/[\w./-]+\.\w+)", text)):
            with self.subTest(path):
                self.assertTrue((ROOT / path).exists())
        for path in set(re.findall(r"\]\(([^)h][^)]*)\)", text)):
            with self.subTest(path):
                self.assertTrue((DOCUMENT.parent / path).exists())


if __name__ == "__main__":
    unittest.main()
