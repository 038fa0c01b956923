"""Skills over HTTP and through skills.catalog/1, on SQLite and PostgreSQL: every route, every rule, the refresh job, two servers on one root."""
import hashlib
import json
import pathlib
import re
import sys
import threading
import unittest

import support
import unified_family
from mortise_server import MortiseServer, Postgres
from skill_family import ITEM, JOB, KEY, PATH, TIME, Envelope, leftovers, platform_login, skill_md, start, write_tree

sys.path.insert(0, str(support.ROOT / "tests" / "peers"))
from github_stand_in import Fault, GithubStandIn  # noqa: E402

TIME_LIMIT = 300
MOVED = {
    "/api/app-config/skills": "/v2/skills",
    "/api/app-config/skills/install": "/v2/skills/install",
    "/api/app-config/skills/pdf--01234567/enabled": "/v2/skills/pdf--01234567/enabled",
    "/api/app-config/skills/pdf--01234567/delete": "/v2/skills/pdf--01234567",
    "/api/app-config/skills/some/thing/else": "/v2/skills",
    "/api/user/tools/skills": "/v2/user/tools/skills",
    "/api/user/tools/skills/pdf--01234567/enabled": "/v2/user/tools/skills/pdf--01234567/enabled",
}
PDF = {
    "SKILL.md": skill_md("PDF tools", "# PDF\nSee [forms](references/forms.md).\n", description="Merge and split PDF files", version="1.2.0",
                         activation={"keywords": ["合并"]}, policy={"risk_level": "medium"},
                         tools=[{"name": "merge", "description": "Merge files", "parameters": {"files": {"type": "array", "items": {"type": "string"}}},
                                 "required": ["files"], "entry": {"command": "python3 scripts/merge.py"}, "policy": {"risk_level": "high"}},
                                {"name": "Peek!", "policy": {"model_invocable": False}}]),
    "references/forms.md": "How forms work",
    "scripts/merge.py": "print('merged')\n",
    "assets/logo.png": b"\x89PNG\r\n\x1a\n\x00",
}


class SkillServer(Envelope):
    @classmethod
    def setUpClass(cls):
        cls.github = GithubStandIn().start()
        cls.addClassCleanup(cls.github.stop)
        unified_family.start(cls, ["skills", "sync", "scheduler"],
                             {"skills.github_api": cls.github.url, "skills.github_raw": cls.github.raw, "http_client.allow_private": "true"})
        cls.root_token, cls.root_id = platform_login(cls.server, "root_1", "super_admin")
        cls.plain_token, cls.plain_id = platform_login(cls.server, "plain_1")
        cls.root = cls.server.data / "skills"

    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.github.faults.clear()
        for item in self.list():
            self.assertOk(self.call("DELETE", f"/{item['id']}"))

    def tearDown(self):
        self.assertEqual(leftovers(self.root), [])

    def call(self, method, path="", body=None, token=None, server=None):
        return support.request(server or self.server, method, PATH + path, body, token=self.root_token if token is None else token)

    def list(self):
        return self.assertOk(self.call("GET"))["skills"]

    def install(self, folder, **more):
        return self.call("POST", "/install", {"source_type": "local", "source_ref": str(folder), **more})

    def pdf(self, name="pdf", **files):
        return write_tree(self.folder / name, {**PDF, **files})

    def catalog(self, call, status=200, **body):
        answer = support.request(self.server, "POST", f"/probe-skills/{call}", body)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["status"], status, answer)
        return answer.json().get("value", answer.json())

    def metric(self, name):
        lines = support.request(self.server, "GET", "/metrics").body.decode().splitlines()
        found = [line.split()[-1] for line in lines if line.startswith(f"mortise_skills_{name} ")]
        self.assertEqual(len(found), 1, name)
        return float(found[0])


class Skills(SkillServer):
    # ---- permissions --------------------------------------------------------------------------------------------------

    def test_administrators_only_but_for_reading_the_policy(self):
        item = self.assertOk(self.install(self.pdf()))
        routes = [("GET", "", None), ("POST", "/install", {"source_type": "local", "source_ref": "/x"}), ("POST", f"/{item['id']}/enabled", {"enabled": False}),
                  ("DELETE", f"/{item['id']}", None), ("POST", "/policy", {"mode": "off"})]
        for method, path, body in routes:
            self.assertRefused(self.call(method, path, body, self.plain_token), 403)
            answer = self.call(method, path, body, token="bad")
            self.assertRefused(answer, 401)
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        self.assertEqual(self.assertOk(self.call("GET", "/policy", token=self.plain_token)), {"mode": "off"})
        self.assertRefused(self.call("GET", "/policy", token="bad"), 401)
        self.assertEqual(self.list(), [item])

    def test_the_first_version_is_gone_for_everybody(self):
        for path, target in MOVED.items():
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                for token in (None, "bad", self.plain_token, self.root_token):
                    answer = support.request(self.server, method, path, b"{" if method == "POST" else None, token=token)
                    self.assertEqual((answer.status, answer.json()),
                                     (410, {"code": 410, "msg": "SKILL_API_MOVED", "data": {"code": "SKILL_API_MOVED", "migrate_to": target}}), (method, path))

    def test_each_user_switches_skills_off_for_themselves(self):
        item = self.assertOk(self.install(self.pdf()))
        tools = "/api/v2/user/tools/skills"

        def shown(token):
            return self.assertOk(support.request(self.server, "GET", tools, token=token))["tools"]

        def switched(key, body, token=self.plain_token):
            return support.request(self.server, "POST", f"{tools}/{key}/enabled", body, token=token)
        expected = {"tool_id": item["id"], "tool_name": "PDF tools", "description": "Merge and split PDF files", "enabled_global": True, "enabled_user": True}
        self.assertEqual(shown(self.plain_token), [expected])
        self.assertIsNone(self.assertOk(switched(item["id"], {"enabled": False})))
        self.assertEqual(shown(self.plain_token), [{**expected, "enabled_user": False}])
        self.assertEqual(shown(self.root_token), [expected])
        self.assertFalse(self.catalog("preference", user=self.plain_id, id=item["id"]))
        self.assertOk(self.call("POST", f"/{item['id']}/enabled", {"enabled": False}))
        self.assertOk(switched(item["id"], {"enabled": True}))
        self.assertEqual(shown(self.plain_token), [{**expected, "enabled_global": False}])
        for key in ("none--00000000", "none", "..."):
            self.assertRefused(switched(key, {"enabled": True}), 404)
        self.assertRefused(support.request(self.server, "GET", tools, token="bad"), 401)
        self.assertRefused(switched(item["id"], {"enabled": True}, token="bad"), 401)
        self.assertEqual(switched(item["id"], {}).status, 422)

    # ---- installing ----------------------------------------------------------------------------------------------------

    def test_an_installed_skill_has_every_field(self):
        folder = self.pdf()
        item = self.assertOk(self.install(folder), "技能安装成功")
        self.assertEqual(set(item), ITEM)
        self.assertRegex(item["id"], KEY)
        expected = "pdf-tools--" + hashlib.sha1(f"local:local:{folder}".encode()).hexdigest()[:8]
        for field in ("created_at", "updated_at", "last_sync_at"):
            self.assertRegex(item[field], TIME)
        self.assertEqual({field: item[field] for field in ITEM - {"created_at", "updated_at", "last_sync_at"}},
                         {"id": expected, "slug": "pdf-tools", "name": "PDF tools", "description": "Merge and split PDF files", "version": "1.2.0",
                          "source_type": "local", "source_ref": f"local:{folder}", "runtime_type": "native", "enabled": True, "installed_by": self.root_id,
                          "bundle_file_count": 4, "context_ref_count": 1})
        self.assertEqual(self.list(), [item])
        on_disk = self.root / item["id"]
        self.assertEqual({path.name for path in on_disk.iterdir()}, {"meta.json", "manifest.json", "SKILL.md", "bundle_index.json", "source.json", "bundle"})
        index = json.loads((on_disk / "bundle_index.json").read_text())
        self.assertEqual([entry["path"] for entry in index], sorted(PDF))
        for entry in index:
            data = (folder / entry["path"]).read_bytes()
            self.assertEqual(entry, {"path": entry["path"], "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                                     "is_text": not entry["path"].endswith("png")})
            self.assertEqual((on_disk / "bundle" / entry["path"]).read_bytes(), data)
        manifest = json.loads((on_disk / "manifest.json").read_text())
        self.assertEqual((manifest["bundle_file_count"], manifest["context_ref_count"], manifest["last_sync_at"]), (4, 1, item["last_sync_at"]))

    def test_the_ref_may_be_written_with_its_type(self):
        folder = self.pdf()
        first = self.assertOk(self.install(folder))
        again = self.assertOk(self.install(f"local:{folder}/"))
        self.assertEqual((again["id"], again["source_ref"]), (first["id"], f"local:{folder}"))

    def test_newest_first(self):
        made = []
        for name in ("one", "two", "three"):
            folder = write_tree(self.folder / name, {"SKILL.md": skill_md(name)})
            made.append(self.assertOk(self.install(folder))["id"])
        self.assertEqual([item["id"] for item in self.list()], made[::-1])
        self.assertOk(self.install(self.folder / "one"))
        self.assertEqual([item["id"] for item in self.list()], made[::-1])

    def test_the_same_slug_again_keeps_id_switch_and_creation(self):
        folder = self.pdf()
        first = self.assertOk(self.install(folder))
        self.assertOk(self.call("POST", f"/{first['id']}/enabled", {"enabled": False}))
        (folder / "assets/logo.png").unlink()
        (folder / "SKILL.md").write_text(skill_md("pdf TOOLS", "Other\n", version="2"))
        again = self.assertOk(self.install(folder))
        self.assertEqual((again["id"], again["enabled"], again["created_at"]), (first["id"], False, first["created_at"]))
        self.assertEqual((again["name"], again["version"], again["bundle_file_count"], again["context_ref_count"]), ("pdf TOOLS", "2", 3, 0))
        self.assertGreater(again["last_sync_at"], first["last_sync_at"])
        self.assertFalse((self.root / first["id"] / "bundle/assets").exists())
        elsewhere = write_tree(self.folder / "elsewhere", {"SKILL.md": skill_md("PDF-tools")})
        moved = self.assertOk(self.install(elsewhere))
        self.assertEqual((moved["id"], moved["source_ref"], moved["enabled"]), (first["id"], f"local:{elsewhere}", False))
        self.assertEqual(self.list(), [moved])

    def test_installing_the_same_again_changes_nothing_but_times(self):
        folder = self.pdf()
        first, again = (self.assertOk(self.install(folder)) for _ in range(2))
        for item in (first, again):
            item.pop("updated_at"), item.pop("last_sync_at")
        self.assertEqual(first, again)

    def test_names_come_from_front_matter_heading_or_path(self):
        cases = {"a": (skill_md("From front matter"), "From front matter", "from-front-matter"), "b": ("# From heading\n", "From heading", "from-heading"),
                 "from-path": ("No heading\n", "from-path", "from-path"), "c": (skill_md("数据分析"), "数据分析", "skill-" + hashlib.sha1("数据分析".encode()).hexdigest()[:8])}
        for name, (text, expected, slug) in cases.items():
            item = self.assertOk(self.install(write_tree(self.folder / name, {"SKILL.md": text})))
            self.assertEqual((item["name"], item["slug"], item["version"], item["description"], item["runtime_type"]), (expected, slug, "0.1.0", "", "native"))

    BROKEN = {  # front matter that is no YAML and has nothing to lose -> place, name, description, version
        "description: Plans trips. Best for: long ones\n": ((2, 35), "Heading", "Plans trips. Best for: long ones", "0.1.0"),
        "name: trips\ndescription: Use when: asked\nversion: 1.10\n": ((3, 22), "trips", "Use when: asked", "1.10"),
        "name: trips\nlicense: see: LICENSE\nallowed-tools: Read\n": ((3, 13), "trips", "", "0.1.0"),
        "name: trips\n\tindented: x\n": ((3, 1), "trips", "", "0.1.0"),
        "- name: trips\n": ((2, 1), "Heading", "", "0.1.0"),
    }
    LOSING = {  # the same, with something to lose -> place
        "description: Plans trips. Best for: long ones\npolicy: {risk_level: high}\n": (2, 35),
        "name: trips\ntools:\n  - name: t\n   entry: {}\n": (5, 4),
        "name: trips\nsecurity: [a: b]\n": (3, 13),
        "name: trips\nactivation:\n\tkeywords: [a]\n": (4, 1),
        "name: @trips\nruntime_type: mcp\n": (2, 7),
    }

    def test_broken_front_matter_is_read_line_by_line_and_told(self):
        for number, (matter, (place, name, description, version)) in enumerate(self.BROKEN.items()):
            answer = self.install(write_tree(self.folder / f"broken-{number}", {"SKILL.md": f"---\n{matter}---\n# Heading\n"}))
            item = self.assertOk(answer)
            self.assertEqual((item["name"], item["description"], item["version"]), (name, description, version), matter)
            msg = answer.json()["msg"]
            self.assertEqual([int(one) for one in re.findall(r"\d+", msg)][:2], list(place), msg)
            told = f"line {place[0]}, column {place[1]}: "
            support.wait_until(lambda: [line for line in self.server.output().splitlines() if item["id"] in line and told in line], 10, told)
        item = self.assertOk(self.install(write_tree(self.folder / "open", {"SKILL.md": "---\nname: trips\n# Heading\n"})))
        self.assertEqual(item["name"], "trips")

    def test_broken_front_matter_that_could_have_tools_or_a_policy_is_refused(self):
        for number, (matter, place) in enumerate(self.LOSING.items()):
            folder = write_tree(self.folder / f"losing-{number}", {"SKILL.md": f"---\n{matter}---\n# Heading\n"})
            for language, words in (("en", ("Line %d, column %d of SKILL.md: " % place,)), ("zh", ("第 %d 行第 %d 列" % place,))):
                answer = support.request(self.server, "POST", PATH + "/install", {"source_type": "local", "source_ref": str(folder)},
                                         token=self.root_token, headers={"Accept-Language": language})
                for word in words:
                    self.assertRefused(answer, 422, word)
            self.assertEqual(self.list(), [])
        self.assertRefused(self.install(write_tree(self.folder / "open", {"SKILL.md": "---\nname: trips\n\ntools: []\n"})), 422)
        # A manifest takes its place, so nothing is lost.
        item = self.assertOk(self.install(folder, manifest={"name": "Mine", "runtime_type": "native"}), "技能安装成功")
        self.assertEqual(item["name"], "Mine")

    def test_a_refresh_that_meets_broken_front_matter_keeps_the_installed_version(self):
        folder = self.pdf(**{"SKILL.md": skill_md("Trips", policy={"risk_level": "high"}, tools=[{"name": "plan"}])})
        item = self.assertOk(self.install(folder))
        for matter, place in [*self.LOSING.items(), *((matter, told[0]) for matter, told in self.BROKEN.items())]:
            (folder / "SKILL.md").write_text(f"---\n{matter}---\n# Heading\n")
            record = self.refresh()["instance_records"][0]
            self.assertEqual((record["status"], record["items_updated"]), ("failed", 0), matter)
            for part in (f"line={place[0]}", f"column={place[1]}", "rule="):
                self.assertIn(part, record["error_message"])
            self.assertEqual(self.list(), [item])
            self.assertEqual(self.catalog("tools", ids=[item["id"]])[0]["risk_level"], "high")
        (folder / "SKILL.md").write_text(skill_md("Trips", version="2"))
        self.assertEqual(self.refresh()["instance_records"][0]["items_updated"], 1)
        self.assertEqual(self.list()[0]["version"], "2")

    def test_a_manifest_replaces_the_front_matter(self):
        item = self.assertOk(self.install(self.pdf(), manifest={"name": "Other", "runtime_type": "mcp", "tools": [{"name": "t", "entry": {"tool_name": "mcp_a_b"}}]}))
        self.assertEqual((item["name"], item["slug"], item["runtime_type"], item["description"], item["version"]), ("Other", "other", "mcp", "", "0.1.0"))
        self.assertEqual(self.catalog("tools", ids=[item["id"]])[0]["entry"], {"tool_name": "mcp_a_b"})
        for manifest, field in (({"runtime_type": "mcp"}, "manifest.name"), ({"name": "x"}, "manifest.runtime_type"),
                                ({"name": "x", "runtime_type": "wasm"}, "manifest.runtime_type"), ({"name": ["x"], "runtime_type": "mcp"}, "manifest.name"),
                                ({"name": "x", "runtime_type": "mcp", "tools": [{"description": "d"}]}, "manifest.tools[0].name")):
            self.assertRefused(self.install(self.pdf(), manifest=manifest), 422, field)
        self.assertOk(self.install(self.pdf(), manifest={}))
        self.assertOk(self.install(self.pdf(), manifest=None, skill_md=None))

    def test_a_skill_md_of_the_request_replaces_the_bundled_one(self):
        text = skill_md("Mine", "See [forms](references/forms.md)\n")
        item = self.assertOk(self.install(self.pdf(), skill_md=text))
        self.assertEqual((item["name"], item["bundle_file_count"], item["context_ref_count"]), ("Mine", 4, 1))
        for path in ("SKILL.md", "bundle/SKILL.md"):
            self.assertEqual((self.root / item["id"] / path).read_text(), text)

    def test_without_its_source_a_manifest_or_skill_md_is_enough(self):
        gone = self.folder / "gone"
        self.assertRefused(self.install(gone), 422, str(gone))
        one = self.assertOk(self.install(gone, skill_md=skill_md("One", "Body\n")))
        two = self.assertOk(self.install(gone, manifest={"name": "Two", "runtime_type": "a2a"}))
        for item, name in ((one, "One"), (two, "Two")):
            self.assertEqual((item["name"], item["bundle_file_count"], item["source_ref"]), (name, 0, f"local:{gone}"))
        self.assertEqual(self.catalog("files", id=one["id"]), [])
        self.assertEqual(self.catalog("find", id=one["id"])["body"], "Body\n")

    def test_refusals_name_what_and_why_and_leave_nothing(self):
        for body, location in (({}, None), ({"source_type": "svn", "source_ref": "/x"}, ["body", "source_type"]),
                               ({"source_type": "local"}, ["body", "source_ref"]), ({"source_type": "local", "source_ref": ""}, ["body", "source_ref"]),
                               ({"source_type": "local", "source_ref": "/x", "manifest": []}, ["body", "manifest"]),
                               ({"source_type": "local", "source_ref": "/x", "skill_md": 1}, ["body", "skill_md"])):
            answer = self.call("POST", "/install", body)
            if location:
                self.assertShape(answer, location)
            else:
                self.assertEqual(answer.status, 422)
        trees = {
            "relative/path": ({}, "relative/path"),
            "empty": ({"x.md": ""}, "SKILL.md"),
            "command": ({"SKILL.md": skill_md("c", tools=[{"name": "t", "entry": {"command": "echo; RM -rf /"}}])}, "SKILL.md.tools[0].entry.command"),
            "bomb": ({"SKILL.md": skill_md("c", tools=[{"name": "t", "entry": {"command": ":(){ :|:& };:"}}])}, ":(){"),
            "anchor": ({"SKILL.md": "---\nname: &a x\n---\n"}, "2"),
            "risk": ({"SKILL.md": skill_md("c", policy={"risk_level": "extreme"})}, "SKILL.md.policy.risk_level"),
            "large": ({"SKILL.md": skill_md("c"), "big.bin": b"x" * (256 * 1024 + 1)}, "big.bin"),
            "many": ({"SKILL.md": skill_md("c"), **{f"f{i}": "" for i in range(200)}}, "200"),
            "utf16": ({"SKILL.md": "# x".encode("utf-16")}, "SKILL.md"),
        }
        for name, (files, contains) in trees.items():
            folder = write_tree(self.folder / name, files) if files else name
            self.assertRefused(self.install(folder), 422, contains)
        self.assertEqual(self.list(), [])
        self.assertEqual(leftovers(self.root), [])
        self.assertEqual(support.request(self.server, "POST", PATH + "/install", b"x" * (2 << 20) + b"y", {"Content-Type": "application/json"},
                                         token=self.root_token).json()["data"], {"max_bytes": 2 << 20})

    def test_only_below_the_roots_when_there_are_some(self):
        allowed = self.folder / "allowed"
        write_tree(allowed / "a", {"SKILL.md": skill_md("a")})
        write_tree(self.folder / "b", {"SKILL.md": skill_md("b")})
        with start({"skills.local_roots": str(allowed)}) as server:
            token, _ = platform_login(server, "root_2", "super_admin")
            answer = self.call("POST", "/install", {"source_type": "local", "source_ref": str(allowed / "a")}, token, server)
            self.assertOk(answer)
            for path in (self.folder / "b", allowed / ".." / "b", "/etc"):
                answer = self.call("POST", "/install", {"source_type": "local", "source_ref": str(path)}, token, server)
                self.assertRefused(answer, 422)

    # ---- switching, deleting -------------------------------------------------------------------------------------------

    def test_enabled_is_switched(self):
        item = self.assertOk(self.install(self.pdf()))
        for enabled in (False, False, True):
            self.assertIsNone(self.assertOk(self.call("POST", f"/{item['id']}/enabled", {"enabled": enabled})))
            self.assertEqual([one["enabled"] for one in self.list()], [enabled])
            self.assertEqual([one["id"] for one in self.catalog("list")], [item["id"]] if enabled else [])
        for body, location in (({}, ["body", "enabled"]), ({"enabled": "yes"}, ["body", "enabled"])):
            self.assertShape(self.call("POST", f"/{item['id']}/enabled", body), location)

    def test_unknown_keys_never_reach_the_disk(self):
        self.assertOk(self.install(self.pdf()))
        secret = self.server.data / "secret"
        for key in ("nope--01234567", "nope", "..", "..%2Fsecret", "%2e%2e", "a--0123456G", "A--01234567", ".lock", "x" * 300 + "--01234567", "a--01234567%00"):
            for method, path, body in (("POST", f"/{key}/enabled", {"enabled": True}), ("DELETE", f"/{key}", None)):
                answer = self.call(method, path, body)
                self.assertIn(answer.status, (400, 404, 405), (key, answer))
        self.assertTrue(secret.exists())
        self.assertRefused(self.call("DELETE", "/nope--01234567"), 404, "技能不存在")
        self.assertEqual(len(self.list()), 1)

    def test_deleting_takes_files_and_preferences(self):
        item = self.assertOk(self.install(self.pdf()))
        self.catalog("set_preference", user=self.plain_id, id=item["id"], enabled=False)
        self.assertEqual(len(self.sql("SELECT skill_id FROM skills_preferences")), 1)
        self.assertIsNone(self.assertOk(self.call("DELETE", f"/{item['id']}")))
        self.assertFalse((self.root / item["id"]).exists())
        self.assertEqual(self.sql("SELECT skill_id FROM skills_preferences"), [])
        self.assertRefused(self.call("DELETE", f"/{item['id']}"), 404)
        self.assertRefused(self.call("POST", f"/{item['id']}/enabled", {"enabled": True}), 404)
        again = self.assertOk(self.install(self.folder / "pdf"))
        self.assertEqual((again["id"], again["enabled"]), (item["id"], True))
        self.assertEqual([one["id"] for one in self.catalog("list", user=self.plain_id)], [item["id"]])

    def test_the_policy_is_a_text(self):
        self.assertEqual(self.assertOk(self.call("GET", "/policy")), {"mode": "off"})
        for mode in ("enforce_confirmation", "off"):
            self.assertEqual(self.assertOk(self.call("POST", "/policy", {"mode": mode})), {"mode": mode})
            self.assertEqual(self.assertOk(self.call("GET", "/policy", token=self.plain_token)), {"mode": mode})
            self.assertEqual(self.catalog("policy_mode"), mode)
        for mode in ("on", "", None, False, 0, "OFF"):
            self.assertShape(self.call("POST", "/policy", {"mode": mode}), ["body", "mode"])
        self.assertShape(self.call("POST", "/policy", {}), ["body", "mode"])
        self.assertEqual(self.assertOk(self.call("GET", "/policy")), {"mode": "off"})

    def test_what_administrators_do_is_audited_and_counted(self):
        item = self.assertOk(self.install(self.pdf()))
        self.assertOk(self.call("POST", f"/{item['id']}/enabled", {"enabled": False}))
        self.assertOk(self.call("POST", "/policy", {"mode": "off"}))
        self.assertOk(self.call("DELETE", f"/{item['id']}"))
        self.assertRefused(self.install("/no/such/place"), 422)
        actions = self.sql("SELECT action FROM mortise_audit WHERE action LIKE 'skills.%'")
        for action in ("skills.installed", "skills.switched", "skills.policy_changed", "skills.deleted"):
            self.assertIn([action], actions)
        self.assertEqual(self.metric("installed"), 0)
        for outcome in ("installed", "refused"):
            self.assertGreater(self.metric(f'installs_total{{outcome="{outcome}"}}'), 0)

    def test_limits_are_twice_the_platforms(self):
        with start({"limits.enabled": "true"}) as server:
            token, _ = platform_login(server, "root_3", "super_admin")
            answers = [self.call("POST", "/policy", {"mode": "off"}, token, server) for _ in range(121)]
            # Fixed windows: the limit comes at the 121st of one window at the latest after another 120.
            while answers[-1].status == 200 and len(answers) < 250:
                answers.append(self.call("POST", "/policy", {"mode": "off"}, token, server))
            data = answers[-1].json()["data"]
            self.assertEqual((answers[-1].status, data["limit"], data["window_seconds"], data["bucket"]), (429, 120, 60, "write"))
            self.assertEqual(self.call("GET", "/policy", token=token, server=server).status, 200)

    # ---- the catalog ---------------------------------------------------------------------------------------------------

    def test_the_catalog_tells_everything(self):
        item = self.assertOk(self.install(self.pdf()))
        listed = self.catalog("list")
        self.assertEqual(listed, [item])
        found = self.catalog("find", id=item["id"])
        self.assertEqual(found["skill"], item)
        self.assertEqual(found["skill_md"], PDF["SKILL.md"])
        self.assertEqual(found["body"], "# PDF\nSee [forms](references/forms.md).\n")
        self.assertEqual(found["context_blob"], "# PDF\nSee [forms](references/forms.md).\n\n\n## references/forms.md\n\nHow forms work")
        self.assertEqual((found["manifest"]["activation"], found["manifest"]["tools"][0]["required"]), ({"keywords": ["合并"]}, ["files"]))
        self.assertIsNone(self.catalog("find", id="nope--01234567"))
        merge, peek = self.catalog("tools", ids=[item["id"], "nope--01234567"])
        self.assertEqual(merge, {"skill_id": item["id"], "name": "merge", "function_name": "skill_pdf_tools_merge", "description": "Merge files",
                                 "parameters": {"files": {"type": "array", "items": {"type": "string"}}}, "required": ["files"],
                                 "entry": {"command": "python3 scripts/merge.py"}, "risk_level": "high", "runtime_type": "native", "model_invocable": True})
        self.assertEqual((peek["function_name"], peek["risk_level"], peek["model_invocable"]), ("skill_pdf_tools_peek_", "medium", False))

    def test_function_names_are_unique_in_one_call(self):
        ids = []
        for name, tool in (("a b", "c"), ("a", "b c")):
            folder = write_tree(self.folder / name.replace(" ", "_"), {"SKILL.md": skill_md(name, tools=[{"name": tool}])})
            ids.append(self.assertOk(self.install(folder))["id"])
        self.assertEqual([tool["function_name"] for tool in self.catalog("tools", ids=ids)], ["skill_a_b_c", "skill_a_b_c_1"])

    def test_bundles_are_read_in_one_version(self):
        folder = self.pdf()
        item = self.assertOk(self.install(folder))
        files = self.catalog("files", id=item["id"])
        self.assertEqual([file["path"] for file in files], sorted(PDF))
        read = {"id": item["id"], "path": "scripts/merge.py"}
        self.assertEqual(self.catalog("read_file", **read, last_sync_at=item["last_sync_at"]), "print('merged')\n")
        (folder / "scripts/merge.py").write_text("new\n")
        self.assertOk(self.install(folder))
        self.assertEqual(self.catalog("read_file", 409, **read, last_sync_at=item["last_sync_at"])["code"], "skill_replaced")
        self.assertEqual(self.catalog("read_file", **read), "new\n")
        for path in ("scripts/none.py", "../meta.json", "/etc/passwd", "", "scripts"):
            self.catalog("read_file", 404, id=item["id"], path=path)
        self.catalog("files", 404, id="nope--01234567")
        (self.root / item["id"] / "bundle/scripts/merge.py").write_text("tampered\n")
        self.catalog("read_file", 500, **read)

    def test_users_switch_skills_off_for_themselves(self):
        one = self.assertOk(self.install(write_tree(self.folder / "one", {"SKILL.md": skill_md("one")})))["id"]
        two = self.assertOk(self.install(write_tree(self.folder / "two", {"SKILL.md": skill_md("two")})))["id"]
        self.assertTrue(self.catalog("preference", user=self.plain_id, id=one))
        self.catalog("set_preference", user=self.plain_id, id=one, enabled=False)
        self.assertFalse(self.catalog("preference", user=self.plain_id, id=one))
        self.assertEqual([skill["id"] for skill in self.catalog("list", user=self.plain_id)], [two])
        self.assertEqual([skill["id"] for skill in self.catalog("list", user=self.root_id)], [two, one])
        self.assertEqual(self.catalog("preferences", user=self.plain_id), [{"id": two, "enabled_global": True, "enabled_user": True},
                                                                          {"id": one, "enabled_global": True, "enabled_user": False}])
        self.catalog("set_preference", user=self.plain_id, id=one, enabled=True)
        self.assertEqual(len(self.catalog("list", user=self.plain_id)), 2)
        for call in ("preference", "set_preference"):
            self.catalog(call, 404, user=self.plain_id, id="nope--01234567")
            self.catalog(call, 422, user="", id=one)

    def test_messages_select_skills(self):
        made = {}
        for name, description in (("sheets", "tables and sums"), ("slides", "make presentations"), ("pdf", "merge files 合并文件")):
            made[name] = self.assertOk(self.install(write_tree(self.folder / name, {"SKILL.md": skill_md(name, "x\n", description=description)})))["id"]
        pool = [made["sheets"], made["slides"], made["pdf"]]
        self.assertEqual(self.catalog("select", message="Please MERGE my pdf files", ids=pool)[0], {"id": made["pdf"], "score": 3})
        self.assertEqual(self.catalog("select", message="合并", ids=pool, most=1), [{"id": made["pdf"], "score": 2}])
        self.assertEqual([choice["id"] for choice in self.catalog("select", message="", ids=pool)], pool)
        self.assertEqual([choice["id"] for choice in self.catalog("select", message="", ids=[*pool[::-1], "nope--01234567"])], pool[::-1])

    def test_commands_are_checked_when_they_run(self):
        self.assertEqual(self.catalog("check_command", command="x; RM -RF /"), "rm -rf")
        self.assertEqual(self.catalog("check_command", command=":(){ :|:& };:"), ":(){")
        self.assertIsNone(self.catalog("check_command", command="python3 x.py"))

    def test_the_generation_grows_with_each_change(self):
        before = self.catalog("generation")
        self.assertEqual(self.catalog("generation"), before)
        item = self.assertOk(self.install(self.pdf()))
        after = self.catalog("generation")
        self.assertGreater(after, before)
        self.assertOk(self.call("POST", f"/{item['id']}/enabled", {"enabled": False}))
        self.assertGreater(self.catalog("generation"), after)

    # ---- many at once --------------------------------------------------------------------------------------------------

    def test_many_at_once_leave_one_whole_skill(self):
        folders = [write_tree(self.folder / str(i), {"SKILL.md": skill_md("same", version=str(i)), **{f"f{n}": str(i) for n in range(5)}}) for i in range(6)]
        answers = unified_family.at_once(6, lambda i: self.install(folders[i]))
        for answer in answers:
            self.assertOk(answer)
        self.assertEqual(len({answer.json()["data"]["id"] for answer in answers}), 1)
        item = self.list()[0]
        self.assertEqual(len(self.list()), 1)
        for n in range(5):
            self.assertEqual((self.root / item["id"] / f"bundle/f{n}").read_text(), item["version"])
        deleted = unified_family.at_once(4, lambda _: self.call("DELETE", f"/{item['id']}").status)
        self.assertEqual(sorted(deleted), [200, 404, 404, 404])

    def test_two_servers_share_one_root(self):
        with start({"skills.root_dir": self.root, "identity.secret_file": self.server.data / "secret"}) as other:
            token, _ = platform_login(other, "root_4", "super_admin")
            item = self.assertOk(self.install(self.pdf()))
            self.assertEqual(self.assertOk(self.call("GET", token=token, server=other))["skills"], [item])
            self.assertOk(self.call("POST", f"/{item['id']}/enabled", {"enabled": False}, token, other))
            self.assertFalse(self.list()[0]["enabled"])
            folders = [write_tree(self.folder / f"n{i}", {"SKILL.md": skill_md("PDF tools", version=str(i)), "v": str(i)}) for i in range(8)]
            servers = [(self.server, self.root_token), (other, token)]
            for answer in unified_family.at_once(8, lambda i: self.call("POST", "/install", {"source_type": "local", "source_ref": str(folders[i])},
                                                                        servers[i % 2][1], servers[i % 2][0])):
                self.assertOk(answer)
            final = self.list()
            self.assertEqual(self.assertOk(self.call("GET", token=token, server=other))["skills"], final)
            self.assertEqual((len(final), final[0]["id"], final[0]["enabled"]), (1, item["id"], False))
            self.assertEqual((self.root / item["id"] / "bundle/v").read_text(), final[0]["version"])
            self.assertOk(self.call("DELETE", f"/{item['id']}", token=token, server=other))
            self.assertEqual(self.list(), [])

    def test_what_is_damaged_is_left_out(self):
        good = self.assertOk(self.install(self.pdf()))
        bad = self.assertOk(self.install(write_tree(self.folder / "bad", {"SKILL.md": skill_md("bad")})))
        (self.root / bad["id"] / "meta.json").write_text("{")
        (self.root / "not-a-skill--01234567").mkdir()
        self.addCleanup((self.root / "not-a-skill--01234567").rmdir)
        self.assertOk(self.call("POST", f"/{good['id']}/enabled", {"enabled": False}))  # manual changes take effect with the next change
        for _ in range(3):
            self.assertEqual([item["id"] for item in self.list()], [good["id"]])
        support.wait_until(lambda: all(f"skill={one}" in self.server.output() for one in (bad["id"], "not-a-skill--01234567")), 20, "the warnings")
        told = [line for line in self.server.output().splitlines() if "a skill can't be read" in line]
        for skill in (bad["id"], "not-a-skill--01234567"):
            self.assertEqual(len([line for line in told if f"skill={skill}" in line]), 1, told)
        self.assertEqual(self.metric("unreadable"), 2)
        self.assertOk(self.install(self.folder / "bad"))
        self.assertEqual(len(self.list()), 2)

    # ---- GitHub and the refresh job ------------------------------------------------------------------------------------

    def publish(self, path="skills/pdf", **files):
        write_tree(self.folder / "repository" / path, {**PDF, **files})
        self.github.add("ada/tools", "main", self.folder / "repository")
        return f"https://github.com/ada/tools/tree/main/{path}"

    def install_github(self, ref, **more):
        return self.call("POST", "/install", {"source_type": "github", "source_ref": ref, **more})

    def refresh(self):
        """Runs the job; returns the sync session with its records."""
        before = self.session_ids()
        answer = self.admin.call("POST", f"/api/v1/scheduler/jobs/{JOB}/actions/run", {})
        self.assertEqual(answer.status, 200, answer)
        fresh = support.wait_until(lambda: [one for one in self.session_ids() if one not in before and self.session(one)["status"] != "running"], 30,
                                   "the refresh to end")
        return self.session(fresh[0])

    def session_ids(self):
        items = self.user.call("GET", "/api/v1/sync-sessions?sync_category=other&limit=100").json()["data"]["items"]
        return [item["session_id"] for item in items]

    def session(self, session):
        return self.user.call("GET", f"/api/v1/sync-sessions/{session}").json()["data"]["session"]

    def test_a_skill_of_github_is_refreshed_when_it_changed(self):
        ref = self.publish()
        item = self.assertOk(self.install_github(ref))
        self.assertEqual((item["source_type"], item["source_ref"], item["bundle_file_count"]), ("github", ref, 4))
        self.assertEqual(item["id"], "pdf-tools--" + hashlib.sha1(f"github:{ref}".encode()).hexdigest()[:8])

        del self.github.requests[:]
        session = self.refresh()
        self.assertEqual((session["status"], session["sync_category"], session["total_instances"]), ("completed", "other", 1))
        self.assertEqual(session["instance_records"][0]["instance_name"], item["id"])
        self.assertTrue(self.github.requests and all("If-None-Match" in headers for _, _, headers in self.github.requests), self.github.requests)
        self.assertEqual(self.list(), [item])

        self.assertOk(self.call("POST", f"/{item['id']}/enabled", {"enabled": False}))
        self.publish(**{"SKILL.md": skill_md("PDF tools", version="9"), "new.md": "new"})
        session = self.refresh()
        self.assertEqual((session["status"], session["instance_records"][0]["items_updated"]), ("completed", 1))
        fresh = self.list()[0]
        self.assertEqual((fresh["id"], fresh["version"], fresh["enabled"], fresh["created_at"], fresh["installed_by"], fresh["bundle_file_count"]),
                         (item["id"], "9", False, item["created_at"], self.root_id, 5))
        self.assertGreater(fresh["last_sync_at"], item["last_sync_at"])

        self.publish(**{"SKILL.md": skill_md("PDF tools", policy="high")})
        session = self.refresh()
        self.assertEqual(session["status"], "failed")
        self.assertIn("SKILL.md.policy", session["instance_records"][0]["error_message"])
        self.assertEqual(self.list(), [fresh])
        self.github.faults["skills/pdf"] = Fault("rate_limit")
        self.assertIn("2030-01-01", self.refresh()["instance_records"][0]["error_message"])
        self.assertEqual(self.list(), [fresh])
        for outcome in ("unchanged", "updated", "failed"):
            self.assertGreater(self.metric(f'refreshes_total{{outcome="{outcome}"}}'), 0)

    def test_a_refresh_keeps_what_the_request_said(self):
        ref = self.publish()
        item = self.assertOk(self.install_github(ref, manifest={"name": "Mine", "runtime_type": "native"}, skill_md="My text\n"))
        self.publish(**{"scripts/merge.py": "changed\n"})
        self.assertEqual(self.refresh()["instance_records"][0]["items_updated"], 1)
        fresh = self.list()[0]
        self.assertEqual((fresh["id"], fresh["name"]), (item["id"], "Mine"))
        self.assertEqual(self.catalog("find", id=item["id"])["body"], "My text\n")
        self.assertEqual(self.catalog("read_file", id=item["id"], path="scripts/merge.py"), "changed\n")

    def test_a_bundle_that_could_not_be_loaded_comes_with_the_refresh(self):
        ref = self.publish()
        self.github.faults["skills/pdf"] = Fault("status", 500)
        item = self.assertOk(self.install_github(ref, skill_md=skill_md("Late")))
        self.assertEqual(item["bundle_file_count"], 0)
        self.github.faults.clear()
        self.refresh()
        self.assertEqual((self.list()[0]["id"], self.list()[0]["bundle_file_count"]), (item["id"], 4))

    def test_each_skill_fails_for_itself(self):
        local = self.assertOk(self.install(self.pdf("local")))
        github = self.assertOk(self.install_github(self.publish(), manifest={"name": "Remote", "runtime_type": "native"}))
        (self.folder / "local/new.txt").write_text("new")
        self.github.faults["skills/pdf"] = Fault("status", 404)
        records = {record["instance_name"]: record for record in self.refresh()["instance_records"]}
        self.assertEqual((records[local["id"]]["status"], records[local["id"]]["items_updated"]), ("completed", 1))
        self.assertEqual(records[github["id"]]["status"], "failed")
        self.assertEqual({item["id"]: item["bundle_file_count"] for item in self.list()}, {local["id"]: 5, github["id"]: 4})

    def test_a_renamed_skill_keeps_its_id_unless_another_has_its_name(self):
        folder = self.pdf()
        item = self.assertOk(self.install(folder))
        (folder / "SKILL.md").write_text(skill_md("New name"))
        self.refresh()
        self.assertEqual([(one["id"], one["slug"], one["name"]) for one in self.list()], [(item["id"], "new-name", "New name")])
        self.assertOk(self.install(write_tree(self.folder / "taken", {"SKILL.md": skill_md("Taken")})))
        (folder / "SKILL.md").write_text(skill_md("taken"))
        failed = [record for record in self.refresh()["instance_records"] if record["status"] == "failed"]
        self.assertEqual([record["instance_name"] for record in failed], [item["id"]])
        self.assertIn("skill_slug_taken", failed[0]["error_message"])

    def test_a_refresh_that_is_cancelled_leaves_the_rest_alone(self):
        last = self.pdf("last")
        self.assertOk(self.install(last))
        (last / "new.txt").write_text("new")
        self.assertOk(self.install_github(self.publish(), manifest={"name": "First", "runtime_type": "native"}))
        self.github.faults["skills/pdf"] = Fault("slow", 0.006)  # six seconds for an answer that is no listing
        before = self.session_ids()
        self.assertEqual(self.admin.call("POST", f"/api/v1/scheduler/jobs/{JOB}/actions/run", {}).status, 200)
        session = support.wait_until(lambda: [one for one in self.session_ids() if one not in before], 30, "the session")[0]
        support.wait_until(lambda: [one for one in self.session(session)["instance_records"] if one["status"] == "running"], 30, "the first skill")
        self.assertEqual(self.admin.call("POST", f"/api/v1/sync-sessions/{session}/actions/cancel").status, 200)
        runs = f"/api/v1/scheduler/jobs/{JOB}/runs"
        run = support.wait_until(lambda: (run := self.user.call("GET", runs).json()["data"]["items"][0])["ended_at"] and run, 30, "the run to end")
        self.assertEqual(run["outcome"], "cancelled")
        self.assertIn("stopped before pdf-tools--", run["output"])
        self.assertEqual([record["status"] for record in self.session(session)["instance_records"]], ["failed", "pending"])
        self.assertEqual(self.session(session)["status"], "cancelled")
        self.assertEqual({item["slug"]: item["bundle_file_count"] for item in self.list()}, {"first": 4, "pdf-tools": 4})

    def test_a_rate_limit_says_until_when(self):
        ref = self.publish()
        self.github.faults["skills/pdf"] = Fault("rate_limit")
        answer = self.install_github(ref)
        self.assertEqual(answer.status, 422, answer)
        self.assertTrue(answer.json()["data"]["reset_at"].startswith("2030-01-01T00:00:00"), answer)


class OnSqlite(unified_family.OnSqlite, Skills, unittest.TestCase):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(unified_family.OnPostgres, Skills, unittest.TestCase):
    pass


class WithoutRefreshing(unified_family.OnSqlite, SkillServer, unittest.TestCase):
    """skills.refresh = false: the job leaves everything alone."""

    @classmethod
    def database_options(cls):
        return {"skills.refresh": "false"}

    def test_the_job_does_nothing(self):
        folder = self.pdf()
        item = self.assertOk(self.install(folder))
        (folder / "new.txt").write_text("new")
        runs = f"/api/v1/scheduler/jobs/{JOB}/runs"
        self.assertEqual(self.admin.call("POST", f"/api/v1/scheduler/jobs/{JOB}/actions/run", {}).status, 200)
        run = support.wait_until(lambda: [one for one in self.user.call("GET", runs).json()["data"]["items"] if one["ended_at"]], 30, "the run to end")[0]
        self.assertEqual((run["outcome"], run["output"].strip()), ("succeeded", "switched off by skills.refresh"))
        self.assertEqual(self.list(), [item])


if __name__ == "__main__":
    unittest.main()
