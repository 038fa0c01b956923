"""Skill directories of the usual shapes, installed from disk, from an archive and from GitHub: the fields are right whichever way they come."""
import json
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from github_stand_in import GithubStandIn
from mortise_server import MortiseServer
from skill_trees import TREES
from support import QUICK, account, request, temporary_directory

TIME_LIMIT = 120


class SkillTrees(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_directory(self)
        (self.folder / "repository").mkdir()
        self.github = GithubStandIn(token="a-token").start()
        self.addCleanup(self.github.stop)
        self.github.add("ada/skills", "feature/new", self.folder / "repository")

    def serve(self, **options):
        self.server = MortiseServer({**QUICK, "skills.github_api": self.github.url, "skills.github_raw": self.github.raw, "skills.github_token": "a-token",
                                     "http_client.allow_private": "true", **options}, modules=["auth", "skills"]).start()
        self.addCleanup(self.server.stop)
        self.token = account(self.server, "keeper")
        self.server.run("user", "set-role", "keeper", "super_admin")

    def check(self, tree, source_type, source_ref):
        """Installs the tree, checks the server's answers and the disk, and deletes it."""
        body = {"source_type": source_type, "source_ref": str(source_ref)}
        answer = request(self.server, "POST", "/api/v2/skills/install", body, token=self.token)
        self.assertEqual(answer.status, 200, answer)
        item = answer.json()["data"]
        self.assertEqual({name: item[name] for name in tree.fields}, tree.fields, tree.description_of_shape)
        listed = request(self.server, "GET", "/api/v2/skills", token=self.token).json()["data"]["skills"]
        self.assertEqual(listed, [item])
        stored = self.server.data / "skills" / item["id"]
        for path, content in tree.files.items():
            kept = stored / "bundle" / path
            self.assertEqual(kept.read_bytes(), content if isinstance(content, bytes) else content.encode(), path)
        manifest = json.loads((stored / "manifest.json").read_text())
        self.assertEqual([tool["name"] for tool in manifest["tools"]], tree.tools)
        self.assertEqual(request(self.server, "DELETE", f"/api/v2/skills/{item['id']}", token=self.token).status, 200)
        return item

    def test_from_directories_and_archives(self):
        self.serve()
        for tree in TREES:
            with self.subTest(tree.folder):
                root = tree.make(self.folder)
                item = self.check(tree, "local", root)
                self.assertEqual((item["source_type"], item["source_ref"]), ("local", f"local:{root}"))
            if tree.folder == "bare-notes":
                continue  # its name is its folder's: an archive has another
            for kind, suffix in (("zip", ".zip"), ("gztar", ".tar.gz")):
                with self.subTest(tree.folder + suffix):
                    packed = shutil.make_archive(str(self.folder / f"{tree.folder}-packed"), kind, self.folder, tree.folder)
                    self.check(tree, "local", packed)
        self.assertGreaterEqual(len(TREES), 8)

    def from_github(self):
        for tree in TREES:
            with self.subTest(tree.folder):
                tree.make(self.folder / "repository" / "skills")
                address = f"https://github.com/ada/skills/tree/feature%2Fnew/skills/{tree.folder}"
                item = self.check(tree, "github", address)
                self.assertEqual((item["source_type"], item["source_ref"]), ("github", address))

    def test_from_github_by_contents(self):
        self.serve()
        self.from_github()

    def test_from_github_by_tarball(self):
        self.serve(**{"skills.github_method": "tarball"})
        self.from_github()
        self.assertFalse([path for _, path, _ in self.github.requests if "/contents/" in path])


if __name__ == "__main__":
    unittest.main()
