"""Shows a window with 256 colours on display :1 for as long as it runs. Speaks X11 itself: a box has no library for it."""
import socket
import struct
import time

server = socket.socket(socket.AF_UNIX)
server.connect("/tmp/.X11-unix/X1")
server.sendall(struct.pack("<BxHHHHxx", 0x6C, 11, 0, 0, 0))


def read(count):
    out = b""
    while len(out) < count:
        piece = server.recv(count - len(out))
        if not piece:
            raise SystemExit("the X server has gone")
        out += piece
    return out


head = read(8)
assert head[0] == 1, "the X server refused"
setup = read(struct.unpack_from("<H", head, 6)[0] * 4)
base, _, _, vendor = struct.unpack_from("<IIIH", setup, 4)
screen = 32 + (vendor + 3) // 4 * 4 + setup[21] * 8
root = struct.unpack_from("<I", setup, screen)[0]
window, gc = base | 1, base | 2
# CreateWindow with a background; CreateGC; MapWindow; then PutImage again and again.
server.sendall(struct.pack("<BBHIIhhHHHHIII", 1, 0, 9, window, root, 10, 10, 256, 64, 0, 1, 0, 2, 0xFFFFFF))
server.sendall(struct.pack("<BBHIII", 55, 0, 4, gc, window, 0))
server.sendall(struct.pack("<BBHI", 8, 0, 2, window))
image = b"".join(struct.pack("<I", x << 16 | (255 - x) << 8 | 77) for x in range(256)) * 64
while True:
    server.sendall(struct.pack("<BBHIIHHhhBBxx", 72, 2, 6 + len(image) // 4, window, gc, 256, 64, 0, 0, 0, 24) + image)
    time.sleep(0.2)
