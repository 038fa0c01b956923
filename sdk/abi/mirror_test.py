"""Proves that the generated assertions notice what may not happen to the boundary, and let through what may."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import headers
import mirror


class Layout(unittest.TestCase):
    def compile(self, file, old, new):
        """Why the assertions refuse the headers with one change; empty when they do not."""
        with tempfile.TemporaryDirectory() as work:
            include = pathlib.Path(work, "include")
            for folder in headers.INCLUDE_FOLDERS:
                shutil.copytree(folder, include, dirs_exist_ok=True)
            path = include / "mortise" / "abi" / file
            text, count = re.subn(old, new, path.read_text())
            self.assertEqual(count, 1, f"the change of {file} no longer fits: {old}")
            path.write_text(text)
            try:
                source = pathlib.Path(work, "layout.c")
                source.write_text(mirror.layout(include))
            except mirror.Stop as stopped:
                return str(stopped)
            return subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-fsyntax-only", f"-I{include}", source], capture_output=True, text=True).stderr

    def test_what_is_there_passes(self):
        self.assertEqual(self.compile("jobs.h", r"#define MORTISE_JOBS_V1", "#define MORTISE_JOBS_V1"), "")

    def test_a_field_in_the_middle_is_noticed(self):
        self.assertIn("mortise_job.added stands before", self.compile("jobs.h", r"\n  mortise_str trigger;\n  /\* IANA", "\n  mortise_str added;\n  mortise_str trigger;\n  /* IANA"))

    def test_a_function_in_the_middle_is_noticed(self):
        self.assertIn("mortise_db_v1.added stands before", self.compile("db.h", r"\n  mortise_status \(\*commit\)", "\n  void (*added)(void);\n  mortise_status (*commit)"))

    def test_functions_that_changed_places_are_noticed(self):
        self.assertIn("mortise_mail_v1.configured moved", self.compile("mail.h", r"(  mortise_status \(\*send\)[^;]*;\n)(.*\n)(  int32_t \(\*configured\)[^;]*;\n)", r"\3\2\1"))

    def test_a_field_that_got_wider_is_noticed(self):
        self.assertIn("mortise_job.time_limit_seconds moved", self.compile("jobs.h", r"\n  int64_t jitter_seconds;", "\n  mortise_str jitter_seconds;"))

    def test_a_field_that_fills_a_hole_is_noticed(self):
        # struct_size is 4 bytes, the next field begins at 8: nothing moves.
        self.assertIn("stands before", self.compile("audit.h", r"  uint32_t struct_size;\n(  /\*.*\n(?:   \*.*\n)*)?  mortise_str action;",
                                                       "  uint32_t struct_size;\n  int32_t added;\n  mortise_str action;"))

    def test_a_field_that_is_gone_is_noticed(self):
        self.assertIn("each_missed", self.compile("jobs.h", r"\n  int32_t each_missed;", "\n"))

    def test_a_value_that_changed_is_noticed(self):
        self.assertIn("MORTISE_LOG_ERROR has another value", self.compile("log.h", "MORTISE_LOG_ERROR = 4", "MORTISE_LOG_ERROR = 5"))

    def test_a_struct_of_fixed_size_may_not_grow(self):
        self.assertIn("mortise_pair has another size", self.compile("base.h", r"\n\} mortise_pair;", "\n  mortise_str added;\n} mortise_pair;"))

    def test_a_table_and_a_struct_may_grow_at_their_ends(self):
        self.assertEqual(self.compile("jobs.h", r"\n\} mortise_jobs_v1;", "\n  void (*added)(void);\n} mortise_jobs_v1;"), "")
        self.assertEqual(self.compile("jobs.h", r"\n\} mortise_job;", "\n  mortise_str added;\n} mortise_job;"), "")

    def test_every_promised_type_is_in_the_snapshot(self):
        text = mirror.snapshot(*headers.INCLUDE_FOLDERS)
        for _, entries in mirror.records():
            for kind, name, _ in entries:
                if kind == "offset":
                    self.assertIn(f" {name.split('.')[0]}_;", text)


if __name__ == "__main__":
    unittest.main()
