"""A viewer of a session's desktop: RFB (VNC) in the binary messages of a WebSocket.

    async with Viewer(server, token, session) as viewer:
        await viewer.greet()
        colours = await viewer.colours()"""
import asyncio
import struct

import websockets

WAIT = 30


def address(server, session, token):
    return f"ws://127.0.0.1:{server.port}/api/sessions/{session}/vnc" + (f"?token={token}" if token is not None else "")


async def close_of(server, token, session, offers=None):
    """Code, reason and sub-protocol of a connection that the server closes at once."""
    async with websockets.connect(address(server, session, token), subprotocols=offers, open_timeout=WAIT) as socket:
        try:
            await asyncio.wait_for(socket.recv(), WAIT)
            return None, "it sent something", socket.subprotocol
        except websockets.ConnectionClosed:
            return socket.close_code, socket.close_reason, socket.subprotocol


class Viewer:
    def __init__(self, server, token, session, offers=None, **options):
        self._connect = websockets.connect(address(server, session, token), subprotocols=offers, max_size=None, open_timeout=WAIT, **options)
        self._buffer = b""

    async def __aenter__(self):
        self.socket = await self._connect
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def take(self, count):
        while len(self._buffer) < count:
            message = await asyncio.wait_for(self.socket.recv(), WAIT)
            assert isinstance(message, bytes), message
            self._buffer += message
        out, self._buffer = self._buffer[:count], self._buffer[count:]
        return out

    async def greet(self):
        """Width, height and name of the screen."""
        version = await self.take(12)
        assert version == b"RFB 003.008\n", version
        await self.socket.send(version)
        kinds = await self.take((await self.take(1))[0])
        assert kinds == b"\1", kinds
        await self.socket.send(b"\1")
        assert await self.take(4) == bytes(4)
        await self.socket.send(b"\1")
        self.width, self.height = struct.unpack(">HH", await self.take(4))
        await self.take(16)
        name = await self.take(struct.unpack(">I", await self.take(4))[0])
        await self.socket.send(b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
        await self.socket.send(struct.pack(">BxHi", 2, 1, 0))
        return self.width, self.height, name.decode()

    async def ask(self):
        await self.socket.send(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))

    async def frame(self):
        """The bytes of the next frame's pixels."""
        while True:
            kind = (await self.take(1))[0]
            if kind == 2:
                continue
            if kind == 3:
                await self.take(3)
                await self.take(struct.unpack(">I", await self.take(4))[0])
                continue
            assert kind == 0, kind
            pixels = b""
            for _ in range(struct.unpack(">xH", await self.take(3))[0]):
                _, _, width, height, encoding = struct.unpack(">HHHHi", await self.take(12))
                assert encoding == 0, encoding
                pixels += await self.take(width * height * 4)
            return pixels

    async def colours(self):
        """How many colours the whole screen has now."""
        await self.ask()
        pixels = await self.frame()
        return len({pixels[at:at + 3] for at in range(0, len(pixels), 4)})

    async def key(self, symbol):
        for down in (1, 0):
            await self.socket.send(struct.pack(">BBxxI", 4, down, symbol))

    async def click(self, x, y):
        for buttons in (0, 1, 0):
            await self.socket.send(struct.pack(">BBHH", 5, buttons, x, y))

    async def paste(self, text, piece):
        message = struct.pack(">B3xI", 6, len(text)) + text
        for at in range(0, len(message), piece):
            await self.socket.send(message[at:at + piece])

    async def closed(self, seconds=WAIT):
        """Code and reason, once the server has closed."""
        async def drain():
            while True:
                await self.socket.recv()
        try:
            await asyncio.wait_for(drain(), seconds)
        except websockets.ConnectionClosed:
            pass
        return self.socket.close_code, self.socket.close_reason
