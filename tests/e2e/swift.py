"""A real OpenStack Swift with its S3 interface (tests/peers/swift_one.py): it checks signatures, clocks and part sizes.

    with Swift() as swift: MortiseServer(swift.options())
    swift.client().head_object(Bucket="default", Key="...")      boto3"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from mortise_server import _wait
from support import ROOT, die_with_parent, with_clock

ACCESS_KEY, SECRET_KEY, REGION = "test:tester", "testing", "us-east-1"
BUCKETS = ("default", "second-bucket")


class Swift:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="swift-"))
        self.folder.chmod(0o755)
        shutil.copy(ROOT / "tests" / "peers" / "swift_one.py", self.folder)  # the user nobody can't read a checkout below root's home
        self._as = []
        if os.getuid() == 0:
            shutil.chown(self.folder, "nobody")
            self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self.port, self._server = 0, None

    @staticmethod
    def available():
        return all(pathlib.Path("/usr/lib/python3/dist-packages", name).exists() for name in ("swift", "boto3"))

    def start(self, clock=None):
        """`clock`: how far its clock is off, as faketime -f takes it ("+2h")."""
        fake = with_clock(clock) if clock else ()
        log = self.folder / "log"
        with open(log, "wb") as output:
            self._server = subprocess.Popen(
                [*self._as, *fake, "/usr/bin/python3", str(self.folder / "swift_one.py"), str(self.folder), str(self.port), *BUCKETS],
                cwd=self.folder, env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, preexec_fn=die_with_parent)

        def ready():
            assert self._server.poll() is None, f"Swift ended: {log.read_text()[-2000:]}"
            return re.search(r"^READY (\d+)$", log.read_text(), re.M)

        self.port = int(_wait(ready, 60, "Swift to come up").group(1))
        return self

    def options(self, **changed):
        return {"blobs.url": "s3://default/e2e", "blobs.s3_endpoint": f"http://127.0.0.1:{self.port}", "blobs.s3_access_key": ACCESS_KEY,
                "blobs.s3_secret_key": SECRET_KEY, **{f"blobs.{name}": value for name, value in changed.items()}}

    def client(self):
        import boto3
        from botocore.config import Config

        return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
                            region_name=REGION, config=Config(s3={"addressing_style": "path"}))

    def keys(self, prefix="e2e/"):
        return [entry["Key"] for entry in self.client().list_objects_v2(Bucket="default", Prefix=prefix).get("Contents", [])]

    def requests(self):
        """The lines of its access log."""
        return (self.folder / "access.log").read_text().splitlines()

    def freeze(self):
        """It accepts connections and never answers."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._server.send_signal(signal.SIGCONT)

    def stop(self):
        self._server.kill()
        self._server.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()
