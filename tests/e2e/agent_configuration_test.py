"""What administrators set for the agent, on SQLite and PostgreSQL: across restarts and servers, with secrets sealed, and with servers of MCP and A2A by the
official packages behind it. Row by row it is tested in modules/agent/tests/configuration_module_test.cpp."""
import contextlib
import os
import socket
import subprocess
import unittest

import support
import unified_family
from mortise_server import MortiseServer, Postgres
from skill_family import Envelope, platform_login

TIME_LIMIT = 300
PEERS = support.ROOT / "tools" / "peers"
EVERYTHING = PEERS / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"
SECRETS = ("sk-model", "t-header", "v-environment", "p-address", "q-agent", "own-member")


@contextlib.contextmanager
def peer(*command, port=None):
    """The address of a program that listens, or prints the port that it chose."""
    environment = {**os.environ, **({"PORT": str(port)} if port else {})}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, preexec_fn=support.die_with_parent) as process:
        try:
            chosen = port or int(process.stdout.readline())

            def listens():
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", chosen)) == 0
            support.wait_until(listens, 60, 'the peer to listen')
            yield f"http://127.0.0.1:{chosen}"
        finally:
            process.kill()
            process.stdout.close()


class Configuration(Envelope):
    OPTIONS = {"http_client.allow_private": "true", "agent.sandbox": "off", "agent.mcp_trusted": "all"}

    @classmethod
    def setUpClass(cls):
        unified_family.start(cls, ["agent"], cls.OPTIONS)
        cls.root, _ = platform_login(cls.server, "root_1", "super_admin")
        cls.plain, _ = platform_login(cls.server, "plain_1")

    def setUp(self):
        for item in self.servers():
            self.assertOk(self.set(f"mcp-servers/{item['server_name']}/delete"))
        for item in self.get("a2a-servers")["a2a_servers"]:
            self.assertOk(self.set(f"a2a-servers/{item['id']}/delete"))

    def get(self, path, server=None):
        return self.assertOk(support.request(server or self.server, "GET", f"/api/app-config/{path}", token=self.plain))

    def set(self, path, body=None, server=None):
        return support.request(server or self.server, "POST", f"/api/app-config/{path}", body, token=self.root)

    def servers(self, server=None):
        return self.get("mcp-servers", server)["mcp_servers"]

    def add(self, **servers):
        return self.assertOk(self.set("mcp-servers", {"mcpServers": servers}))

    def children(self):
        lines = support.request(self.server, "GET", "/metrics").body.decode().splitlines()
        return next(line.split()[-1] for line in lines if line.startswith("mortise_agent_mcp_children "))

    def test_secrets_are_sealed_and_never_told(self):
        self.assertOk(self.set("llm", {"api_key": "sk-model"}))
        self.add(a={"url": "http://user:p-address@127.0.0.1:9/mcp", "headers": {"Authorization": "Bearer t-header"}, "own": "own-member"},
                 b={"command": "x", "env": {"KEY": "v-environment"}})
        self.assertOk(self.set("a2a-servers", {"base_url": "http://user:q-agent@127.0.0.1:9"}))
        kept = "".join(str(self.sql(f"SELECT * FROM {table}")) for table in ("agent_llm", "agent_mcp_servers", "agent_a2a_servers"))
        told = "".join(str(self.get(path)) for path in ("llm", "mcp-servers", "a2a-servers"))
        told += support.request(self.server, "GET", "/api/v1/admin/audit-log?limit=100", token=self.root).body.decode() + self.server.output()
        for secret in SECRETS:
            self.assertNotIn(secret, kept)
            self.assertNotIn(secret, told)

    def test_many_at_once_lose_nothing(self):
        answers = unified_family.at_once(8, lambda i: self.set("mcp-servers", {"mcpServers": {f"s{i}": {"command": "x", "enabled": False}}}))
        for answer in answers:
            self.assertOk(answer)
        self.assertEqual(sorted(item["server_name"] for item in self.servers()), [f"s{i}" for i in range(8)])
        versions = self.sql("SELECT version FROM agent_mcp_servers")
        self.assertEqual(len({row[0] for row in versions}), 8)
        positions = self.sql("SELECT position FROM agent_mcp_servers")
        self.assertEqual(len({row[0] for row in positions}), 8)

    @unittest.skipUnless(EVERYTHING.exists(), "tools/peers is not installed; ./dev setup --tests does it")
    def test_tools_are_told_over_every_transport(self):
        with peer("node", EVERYTHING, "streamableHttp", port=support.free_port()) as streamable, peer("node", EVERYTHING, "sse", port=support.free_port()) as sse, \
                peer("node", PEERS / "mcp_modern.mjs", "http") as modern:
            self.add(all={"command": "node", "args": [str(EVERYTHING), "stdio"]}, streamable={"url": f"{streamable}/mcp"}, sse={"url": f"{sse}/sse", "type": "sse"},
                     modern={"url": f"{modern}/mcp"}, closed={"url": "http://127.0.0.1:9"})
            # Programs that start on a busy machine may not answer the first time.
            found = support.wait_until(lambda: (items := {item["server_name"]: item for item in self.servers()}) and not any(
                "in time" in (item["error"] or "") for item in items.values()) and items, 120, "all servers to answer in time")
            for name in ("all", "streamable", "sse"):
                self.assertIsNone(found[name]["error"], name)
                self.assertIn("get-sum", found[name]["tools"])
            self.assertEqual(found["modern"]["tools"], ["add", "fail", "seen", "slow", "deploy"])
            self.assertEqual((found["closed"]["tools"], found["closed"]["error"]), ([], "there is no connection to it"))
        # What was said is kept, until something changes; and no program is left.
        self.assertEqual({item["server_name"]: item for item in self.servers()}, found)
        self.assertOk(self.set("mcp-servers/all/enabled", {"enabled": False}))
        again = {item["server_name"]: item for item in self.servers()}
        self.assertEqual((again["all"]["tools"], again["modern"]["tools"]), ([], []))
        support.wait_until(lambda: self.children() == "0", 30, "the programs to end")

    @unittest.skipUnless(EVERYTHING.exists(), "tools/peers is not installed; ./dev setup --tests does it")
    def test_cards_are_shown(self):
        with peer("node", PEERS / "a2a_agent.mjs", "1.0") as one, peer("node", PEERS / "a2a_agent.mjs", "0.3", "plain") as old:
            for url in (one, old):
                self.assertOk(self.set("a2a-servers", {"base_url": url + "/"}))
            found = self.get("a2a-servers")["a2a_servers"]
            for item, streaming in zip(found, (True, False)):
                del item["id"]
                self.assertEqual(item, {"name": "Echo", "description": "Says it again", "input_modes": ["text/plain"], "output_modes": ["text/plain", "image/png"],
                                        "streaming": streaming, "push_notifications": False, "enabled": True})
            tools = self.assertOk(support.request(self.server, "GET", "/api/user/tools/a2a", token=self.plain))["tools"]
            self.assertEqual([(tool["tool_name"], tool["description"]) for tool in tools], [("Echo", "Says it again")] * 2)


class OnSqlite(Configuration, unified_family.OnSqlite, unittest.TestCase):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class OnPostgresql(Configuration, unified_family.OnPostgres, unittest.TestCase):
    def test_other_servers_know_it_at_once(self):
        options = {**support.QUICK, **self.OPTIONS, "db.url": self.server.options["db.url"], "identity.secret_file": self.server.data / "secret"}
        with MortiseServer(options, modules=["auth", "agent"]).start() as other:
            self.add(x={"command": "x", "enabled": False})
            self.assertEqual([item["server_name"] for item in self.servers(other)], ["x"])
            self.assertOk(self.set("llm", {"model_name": "other", "api_key": "sk-model"}, other))
            self.assertEqual(self.get("llm")["model_name"], "other")
            self.assertOk(self.set("mcp-servers/x/enabled", {"enabled": True}, other))
            self.assertIn("no box", self.servers()[0]["error"])
            self.assertIn("no box", self.servers(other)[0]["error"])
            self.assertOk(self.set("mcp-servers/x/enabled", {"enabled": False}))
            self.assertIsNone(self.servers(other)[0]["error"])
            self.assertOk(self.set("agent", {"max_iterations": 7}))
            self.assertEqual(self.get("agent", other)["max_iterations"], 7)


if __name__ == "__main__":
    unittest.main()
