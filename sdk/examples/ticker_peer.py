"""ticker_peer.py HOST:PORT: a real WebSocket library and a real SSE reader against the ticker example. Prints what it saw, one line each."""
import asyncio
import http.client
import sys

try:
    import websockets
except ModuleNotFoundError:
    sys.exit("ticker_peer.py needs the Python package websockets; ./dev setup --tests installs it")


async def echo(address):
    async with websockets.connect(f"ws://{address}/api/ticker/echo", subprotocols=["other", "ticker.echo"]) as socket:
        print("subprotocol", socket.subprotocol)
        for message in ["hello", "zwölf", b"\x00\xff" * 1000, "x" * 100_000]:
            await socket.send(message)
            if await socket.recv() != message:
                sys.exit(f"the echo of {message[:20]!r} differs")
        print("echoes 4")
    print("closed", socket.close_code)


def ticks(address):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", "/api/ticker/ticks", headers={"Accept": "text/event-stream"})
    reply = connection.getresponse()
    print("stream", reply.status, reply.getheader("Content-Type").split(";")[0])
    numbers = []
    while len(numbers) < 2:
        line = reply.fp.readline().decode() if not reply.chunked else reply.readline().decode()
        if not line:
            sys.exit("the stream ended before two ticks")
        if line.startswith("id:"):
            numbers.append(int(line[3:]))
    print("ticks follow each other", numbers[1] == numbers[0] + 1)
    connection.close()


asyncio.run(echo(sys.argv[1]))
ticks(sys.argv[1])
