"""What holds for all modules that ship together: names that they share, and what the server says when it loads them."""
import collections
import re
import unittest

import support
from mortise_server import MortiseServer


class AllModules(unittest.TestCase):
    def test_every_operation_id_is_there_once(self):
        places = collections.defaultdict(list)
        for path in [*support.ROOT.glob("modules/*/contracts/*.yaml"), support.ROOT / "core" / "contract" / "kernel.yaml"]:
            for name in re.findall(r"^[^#\n]*\boperationId: *(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
                places[name].append(str(path.relative_to(support.ROOT)))
        self.assertGreater(len(places), 300)
        self.assertEqual({name: files for name, files in places.items() if len(files) > 1}, {})

    def test_no_module_has_a_text_that_belongs_to_another_one(self):
        with MortiseServer(support.QUICK, modules=support.SHIPPED) as server:
            self.assertEqual(support.request(server, "GET", "/health").status, 200)
        self.assertEqual([line for line in server.output().splitlines() if "belongs to another owner" in line], [])


if __name__ == "__main__":
    unittest.main()
