"""An installed skill is the old version or the new one, whole: after kill -9, and after a power cut under the file system.

Every file of a version carries its number, and meta.json, manifest.json, SKILL.md and bundle_index.json are compared with it."""
import fcntl
import hashlib
import json
import os
import random
import signal
import struct
import subprocess
import threading
import time
import unittest

import support
from mortise_server import MortiseServer
from skill_family import KEY, PATH, leftovers, platform_login, skill_md, write_tree

TIME_LIMIT = 900 if support.LONG else 240
KILLS = 100 if support.LONG else 5
CUTS = 20 if support.LONG else 2
SKILLS = 3  # names that are installed over and over
FILES = 12


class Installers:
    """A thread per skill that installs the next version as soon as the last one is acknowledged. Records per skill the tried and the acknowledged version."""

    def __init__(self, server, token, folder, acknowledged):
        self.server, self.token, self.folder = server, token, folder
        self.acknowledged = dict(acknowledged)  # name -> version
        self.tried = dict(acknowledged)
        self.refused = []
        self.installs = 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.install, args=(f"skill-{i}",), daemon=True) for i in range(SKILLS)]
        for thread in self.threads:
            thread.start()

    def install(self, name):
        while not self.over.is_set():
            version = self.tried.get(name, 0) + 1
            source = write_tree(self.folder / name, {"SKILL.md": skill_md(name, f"Body {version}\n", version=str(version)),
                                                     **{f"part{n % 3}/f{n}.txt": f"{name} {version}\n" * 50 for n in range(FILES)}})
            self.tried[name] = version
            try:
                answer = support.request(self.server, "POST", PATH + "/install", {"source_type": "local", "source_ref": str(source)}, token=self.token)
            except OSError:
                return  # the server is down: not acknowledged
            except Exception as error:  # a reply that was cut
                self.refused.append(repr(error))
                return
            if answer.status != 200:
                self.refused.append(f"{answer.status} {answer.body[:200]}")
                return
            self.acknowledged[name] = version
            self.installs += 1

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "an installation hangs: the server neither answered nor closed"


class Crash(unittest.TestCase):
    def start(self, data):
        server = MortiseServer({**support.QUICK, "data.dir": str(data), "log.level": "warning"}, modules=["auth", "skills"]).start()
        return server

    def administrator(self, server):
        if not hasattr(self, "token"):
            self.token, _ = platform_login(server, "root_1", "super_admin")
        return self.token

    def check(self, server, installers):
        """Each skill is whole, and of the version that was acknowledged or the one that was tried last; returns the versions."""
        root = server.data / "skills"
        self.assertEqual(leftovers(root), [])
        answer = support.request(server, "GET", PATH, token=self.administrator(server))
        self.assertEqual(answer.status, 200, answer)
        listed = {item["slug"]: item for item in answer.json()["data"]["skills"]}
        self.assertEqual(len(listed), len([name for name in os.listdir(root) if KEY.match(name)]), "a directory is no skill")
        for name, acknowledged in (installers.acknowledged if installers else {}).items():
            self.assertIn(name, listed)
            self.assertIn(int(listed[name]["version"]), (acknowledged, installers.tried[name]), name)
        for name, item in listed.items():
            self.check_files(root / item["id"], name, item["version"])
        return {name: int(item["version"]) for name, item in listed.items()}

    def check_files(self, directory, name, version):
        index = json.loads((directory / "bundle_index.json").read_text())
        on_disk = sorted(str(path.relative_to(directory / "bundle")) for path in (directory / "bundle").rglob("*") if path.is_file())
        self.assertEqual([entry["path"] for entry in index], on_disk)
        self.assertEqual(len(index), FILES + 1)
        for entry in index:
            data = (directory / "bundle" / entry["path"]).read_bytes()
            self.assertEqual((entry["size"], entry["sha256"]), (len(data), hashlib.sha256(data).hexdigest()), entry["path"])
            expected = skill_md(name, f"Body {version}\n", version=version) if entry["path"] == "SKILL.md" else f"{name} {version}\n" * 50
            self.assertEqual(data.decode(), expected, entry["path"])
        self.assertEqual((directory / "SKILL.md").read_bytes(), (directory / "bundle/SKILL.md").read_bytes())
        self.assertEqual(json.loads((directory / "manifest.json").read_text())["version"], version)
        self.assertEqual(json.loads((directory / "meta.json").read_text())["id"], directory.name)

    def test_kill_9_leaves_the_old_version_or_the_new_one(self):
        directory = support.temporary_directory(self)
        versions, installers, installs = {}, None, 0
        for _ in range(KILLS):
            server = self.start(directory / "data")
            try:
                versions = self.check(server, installers)
                installers = Installers(server, self.administrator(server), directory / "sources", versions)
                support.wait_until(lambda: installers.installs >= 2, 30, "the first installations")
                time.sleep(random.uniform(0, 0.1))
                os.kill(server.pid, signal.SIGKILL)
                installers.end()
            finally:
                server.stop()
            self.assertEqual([text for text in installers.refused if text[:3].isdigit()], [])
            installs += installers.installs
        server = self.start(directory / "data")
        self.addCleanup(server.stop)
        self.check(server, installers)
        self.measured = f"{KILLS} kills, {installs} acknowledged installations, none mixed"

    def test_a_power_cut_leaves_the_old_version_or_the_new_one(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount an ext4 image")
        directory = support.temporary_directory(self)
        image, mount = directory / "disk", directory / "m"
        mount.mkdir()
        subprocess.run(["truncate", "-s", "256M", str(image)], check=True)
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)

        def attach():
            done = subprocess.run(["mount", "-o", "loop", str(image), str(mount)], capture_output=True, text=True)
            if done.returncode != 0:
                self.skipTest(f"no loop device here: {done.stderr.strip()}")

        def detach():
            support.wait_until(lambda: subprocess.run(["umount", str(mount)], capture_output=True).returncode == 0, 10, "umount")

        def detach_if_mounted():
            if os.path.ismount(mount):
                detach()

        self.addCleanup(detach_if_mounted)
        installers, installs = None, 0
        for _ in range(CUTS):
            attach()
            server = self.start(mount / "data")
            try:
                versions = self.check(server, installers)
                installers = Installers(server, self.administrator(server), directory / "sources", versions)
                support.wait_until(lambda: installers.installs >= 2, 60, "the first installations")
                time.sleep(random.uniform(0.05, 0.4))
                handle = os.open(mount, os.O_RDONLY)
                try:
                    # EXT4_IOC_SHUTDOWN without flushing the journal: unsynced data is lost, as in a power cut.
                    fcntl.ioctl(handle, 0x8004587D, struct.pack("I", 2))
                finally:
                    os.close(handle)
                support.wait_until(lambda: installers.refused or not support.alive(server.pid), 30, "the server to notice the dead disk")
                os.kill(server.pid, signal.SIGKILL)
                installers.end()
            finally:
                server.stop()
            for text in installers.refused:
                self.assertIn(text[:3], ("500", "503", "507"), text)
            installs += installers.installs
            detach()
        attach()
        server = self.start(mount / "data")
        try:
            self.check(server, installers)
        finally:
            server.stop()
        self.measured = f"{CUTS} power cuts, {installs} acknowledged installations, none mixed"


if __name__ == "__main__":
    unittest.main()
