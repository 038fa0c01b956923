# Tries from inside a box what it must not be able to do, and writes a line per try: the name, and "done" or the error.
import ctypes
import errno
import fcntl
import mmap
import os
import pty
import resource
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)


def show(name, call):
    try:
        result = call()
        print(name, "done" if result is None else result)
    except OSError as error:
        print(name, errno.errorcode.get(error.errno, error.errno))


def system(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(number, *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), "")


def opening(path, flags):
    os.close(os.open(path, flags))


def making(*arguments):
    socket.socket(*arguments).close()


for path in ["core_pattern", "randomize_va_space", "hostname", "panic", "threads-max"]:
    show("write /proc/sys/kernel/" + path, lambda: opening("/proc/sys/kernel/" + path, os.O_WRONLY))
show("write /proc/sys/vm/swappiness", lambda: opening("/proc/sys/vm/swappiness", os.O_WRONLY))
for path in ["/usr/x", "/etc/x", "/x", "/run/helper", "/run/bin/sudo"]:
    show("write " + path, lambda: opening(path, os.O_WRONLY | os.O_CREAT))
for path in ["/etc/shadow", "/root", "/sys", "/dev/kvm", "/dev/vda", "/dev/fuse", "/dev/net/tun", "/var/lib"]:
    show("read " + path, lambda: opening(path, os.O_RDONLY))
for path in ["cmdline", "kallsyms", "keys", "timer_list", "1/environ", "1/mem", "1/fd"]:
    show("read /proc/" + path, lambda: os.listdir("/proc/1/fd") and None if path == "1/fd" else opening("/proc/" + path, os.O_RDONLY))

show("unshare", lambda: system(272, 0x10000000))
show("clone", lambda: system(56, 0x10000000 | 17, 0, 0, 0, 0))
show("clone3", lambda: system(435, 0, 0))
show("setns", lambda: system(308, 0, 0))
show("add_key", lambda: system(248, b"user", b"x", b"y", 1, -3))
show("keyctl", lambda: system(250, 0, -3, 0))
show("io_uring_setup", lambda: system(425, 1, 0))
show("ptrace", lambda: system(101, 0, 0, 0, 0))
show("process_vm_readv", lambda: system(310, 1, 0, 0, 0, 0, 0))
show("userfaultfd", lambda: system(323, 1))
show("memfd_secret", lambda: system(447, 0))
show("personality", lambda: system(135, 0x0040000))
show("bpf", lambda: system(321, 0, 0, 0))
show("perf_event_open", lambda: system(298, 0, 0, -1, -1, 0))
show("mount", lambda: system(165, b"none", b"/tmp", b"tmpfs", 0, 0))
show("umount", lambda: system(166, b"/tmp", 0))
show("fsopen", lambda: system(430, b"tmpfs", 0))
show("open_tree_attr", lambda: system(467, -100, b"/", 0, 0, 0))
show("chroot", lambda: system(161, b"/tmp"))
show("pivot_root", lambda: system(155, b"/", b"/tmp"))
show("setuid 0", lambda: os.setuid(0))
show("mknod", lambda: os.mknod("/tmp/node", 0o20600, os.makedev(1, 1)))
show("SCHED_FIFO", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))


def set_score():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-500")


show("oom_score_adj", set_score)
for family, name in [(socket.AF_VSOCK, "AF_VSOCK"), (socket.AF_ALG, "AF_ALG"), (socket.AF_PACKET, "AF_PACKET"), (16, "netlink")]:
    kind = socket.SOCK_SEQPACKET if name == "AF_ALG" else socket.SOCK_RAW if name in ("AF_PACKET", "netlink") else socket.SOCK_STREAM
    show(name, lambda: making(family, kind, 16 if name == "netlink" else 0))
show("AF_VSOCK with high bits", lambda: system(41, (1 << 32) | 40, 1, 0))
show("netlink route", lambda: making(socket.AF_NETLINK, socket.SOCK_RAW, 0))


def lingering():
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\x10\0\0\0")
    return one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)[0]


show("SO_LINGER", lingering)
show("raw socket", lambda: making(socket.AF_INET, socket.SOCK_RAW, 1))

master, slave = pty.openpty()
show("TIOCSTI", lambda: system(16, slave, 0x5412, b"x"))
show("TIOCSTI with high bits", lambda: system(16, slave, (0xABCD << 32) | 0x5412, b"x"))
show("TIOCLINUX", lambda: system(16, slave, 0x541C, b"\x02"))


def foreign_call():
    # mov eax, 20; int 0x80; ret: getpid as 32-bit programs ask for it
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    if result < 0:
        raise OSError(-result, "")


show("int 0x80", foreign_call)
for pid in [1]:
    for number in [9, 19]:
        show("kill %d with %d" % (pid, number), lambda: os.kill(pid, number))
show("descriptors", lambda: " ".join(sorted(set(os.listdir("/proc/self/fd")) - {str(master), str(slave)})[:3]))
with open("/proc/self/status") as file:
    for line in file:
        if line.startswith(("Cap", "NoNewPrivs", "Seccomp:")):
            print(" ".join(line.split()))
show("interfaces", lambda: " ".join(name for _, name in socket.if_nameindex()))
show("processes limit", lambda: "%d %d" % resource.getrlimit(resource.RLIMIT_NPROC))
show("core limit", lambda: "%d %d" % resource.getrlimit(resource.RLIMIT_CORE))
