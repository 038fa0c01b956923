"""What a sandbox service has beside its API, at sockets in the home: browser.sock leads to the DevTools port of the box's browser, screen.sock is
the box's screen as WebSockets."""
import asyncio
import pathlib

import websockets

HOME = pathlib.Path("/home/ubuntu")


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def browse(reader, writer):
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", 9222)
    except OSError:
        writer.close()
        return
    await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))


async def view(socket, *_):
    reader, writer = await asyncio.open_unix_connection("/run/rfb.sock")

    async def down():
        while data := await reader.read(65536):
            await socket.send(data)
        await socket.close()

    sending = asyncio.create_task(down())
    try:
        async for message in socket:
            writer.write(message)
            await writer.drain()
    except websockets.ConnectionClosed:
        pass
    finally:
        sending.cancel()
        writer.close()


async def main():
    for name in ("browser.sock", "screen.sock", "service.ready"):
        (HOME / name).unlink(missing_ok=True)
    await asyncio.start_unix_server(browse, HOME / "browser.sock")
    await websockets.unix_serve(view, str(HOME / "screen.sock"), max_size=None)
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", 9222)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.05)
    (HOME / "service.ready").touch()
    await asyncio.Event().wait()


asyncio.run(main())
