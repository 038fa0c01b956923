"""A server of MCP by the package of PyPI, of 1.x or 2.x: mcp_python.py stdio, or sse or streamable-http and a port on loopback."""
import asyncio
import sys

try:
    from mcp.server import MCPServer as Server
except ImportError:
    from mcp.server.fastmcp import FastMCP as Server

try:
    from mcp.server.fastmcp import Image
except ImportError:
    from mcp.server.mcpserver import Image

server = Server("python")


@server.tool()
def add(a: int, b: int) -> dict[str, int]:
    """Adds"""
    return {"sum": a + b}


@server.tool()
def fail() -> str:
    """Fails"""
    raise ValueError("it broke")


@server.tool()
def picture() -> Image:
    """A picture of one dot"""
    return Image(data=b"\x89PNG\r\n\x1a\n1234", format="png")


@server.tool()
async def wait(seconds: float) -> str:
    """Waits"""
    await asyncio.sleep(seconds)
    return "waited"


transport = sys.argv[1]
if transport == "stdio":
    server.run("stdio")
elif hasattr(server, "settings") and hasattr(server.settings, "port"):
    server.settings.host, server.settings.port = "127.0.0.1", int(sys.argv[2])
    server.run(transport)
else:
    server.run(transport, host="127.0.0.1", port=int(sys.argv[2]))
