// What a box can't do, in boxes made as the product makes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "boxes_testing.hpp"

namespace agent::sandbox {
namespace {

using testing::HasSubstr;
using testing::Not;

// Processes below `root`, with it, as this machine numbers them.
std::vector<pid_t> processesBelow(pid_t root) {
  std::vector<pid_t> all{root};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto tasks = "/proc/" + std::to_string(all[i]) + "/task";
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
      std::istringstream children(readFile(task.path().string() + "/children"));
      for (pid_t child; children >> child;) all.push_back(child);
    }
  }
  return all;
}

class AConfinedBox : public WithBoxes {};

// Everything at once, line by line: a change of the kernel, the filter or the arguments that opens something shows here.
TEST_F(AConfinedBox, CanDoNoneOfWhatTheProbeTries) {
#ifndef __x86_64__
  GTEST_SKIP() << "the probe knows the numbers of x86-64 only";
#endif
  box->write({.path = "probe.py", .text = readFile(AGENT_SOURCE_DIR "/tests/box_probe.py")});
  const auto output = run("python3 probe.py");
  EXPECT_EQ(output,
            "write /proc/sys/kernel/core_pattern EACCES\n"
            "write /proc/sys/kernel/randomize_va_space EACCES\n"
            "write /proc/sys/kernel/hostname EACCES\n"
            "write /proc/sys/kernel/panic EACCES\n"
            "write /proc/sys/kernel/threads-max EACCES\n"
            "write /proc/sys/vm/swappiness EACCES\n"
            "write /usr/x EROFS\n"
            "write /etc/x EROFS\n"
            "write /x EROFS\n"
            "write /run/helper EACCES\n"
            "write /run/bin/sudo EACCES\n"
            "read /etc/shadow ENOENT\n"
            "read /root ENOENT\n"
            "read /sys ENOENT\n"
            "read /dev/kvm ENOENT\n"
            "read /dev/vda ENOENT\n"
            "read /dev/fuse ENOENT\n"
            "read /dev/net/tun ENOENT\n"
            "read /var/lib ENOENT\n"
            "read /proc/cmdline EACCES\n"
            "read /proc/kallsyms EACCES\n"
            "read /proc/keys EACCES\n"
            "read /proc/timer_list EACCES\n"
            "read /proc/1/environ EACCES\n"
            "read /proc/1/mem EACCES\n"
            "read /proc/1/fd EACCES\n"
            "unshare EPERM\n"
            "clone EPERM\n"
            "clone3 ENOSYS\n"
            "setns EPERM\n"
            "add_key EPERM\n"
            "keyctl EPERM\n"
            "io_uring_setup ENOSYS\n"
            "ptrace EPERM\n"
            "process_vm_readv EPERM\n"
            "userfaultfd EPERM\n"
            "memfd_secret EPERM\n"
            "personality EPERM\n"
            "bpf EPERM\n"
            "perf_event_open EPERM\n"
            "mount EPERM\n"
            "umount EPERM\n"
            "fsopen EPERM\n"
            "open_tree_attr EPERM\n"
            "chroot EPERM\n"
            "pivot_root EPERM\n"
            "setuid 0 EINVAL\n"
            "mknod EPERM\n"
            "SCHED_FIFO EPERM\n"
            "oom_score_adj EACCES\n"
            "AF_VSOCK EAFNOSUPPORT\n"
            "AF_ALG EAFNOSUPPORT\n"
            "AF_PACKET EAFNOSUPPORT\n"
            "netlink EAFNOSUPPORT\n"
            "AF_VSOCK with high bits EAFNOSUPPORT\n"
            "netlink route done\n"
            "SO_LINGER 0\n"
            "raw socket EPERM\n"
            "TIOCSTI EPERM\n"
            "TIOCSTI with high bits EPERM\n"
            "TIOCLINUX EPERM\n"
            "int 0x80 ENOSYS\n"
            "kill 1 with 9 done\n"
            "kill 1 with 19 done\n"
            "descriptors 0 1 2\n"
            "CapInh: 0000000000000000\n"
            "CapPrm: 0000000000000000\n"
            "CapEff: 0000000000000000\n"
            "CapBnd: 0000000000000000\n"
            "CapAmb: 0000000000000000\n"
            "NoNewPrivs: 1\n"
            "Seccomp: 2\n"
            "interfaces lo\n"
            "processes limit 128 128\n"
            "core limit 0 0\n");
  EXPECT_EQ(run("echo alive"), "alive\n") << "after signals to process 1";
}

TEST_F(AConfinedBox, HasNoDescriptorButItsThree) {
  EXPECT_EQ(run("cd /proc/self/fd; echo *"), "0 1 2 3\n") << "3 is the directory that bash reads";
}

TEST_F(AConfinedBox, IsNobodyOnTheHost) {
  box->execute("main", "~", "touch file; chmod 4755 file; sleep 60", {});
  const auto pid = driver().process(session)->pid();
  const auto all = processesBelow(pid);
  EXPECT_GE(all.size(), 4U) << "bubblewrap, helper, keeper, bash";
  for (const auto process : all) {
    const auto status = readFile("/proc/" + std::to_string(process) + "/status");
    const auto line = status.substr(status.find("Uid:"), 40);
    if (geteuid() == 0) {
      EXPECT_THAT(line, testing::MatchesRegex("Uid:\t2[0-9]{5}\t2[0-9]{5}\t2[0-9]{5}\t2[0-9]{5}\n.*"));
    }
    const auto said = readFile("/proc/" + std::to_string(process) + "/cmdline");
    EXPECT_THAT(said, Not(HasSubstr("--ro-bind"))) << "ps shows no paths";
  }
}

TEST_F(AConfinedBox, ReachesNothingThatListensOnTheHost) {
  // An abstract socket and a port of this test.
  const int local = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const auto text = "mortise-box-test-" + std::to_string(getpid());
  text.copy(name.sun_path + 1, text.size());
  ASSERT_EQ(bind(local, reinterpret_cast<sockaddr*>(&name),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size())),
            0);
  ASSERT_EQ(listen(local, 1), 0);
  const int port = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(port, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(port, 1), 0);
  socklen_t size = sizeof address;
  getsockname(port, reinterpret_cast<sockaddr*>(&address), &size);
  const auto tried =
      run("python3 - <<'E'\nimport socket\n"
          "for kind, where in ((socket.AF_UNIX, '\\0" +
          text + "'), (socket.AF_INET, ('127.0.0.1', " + std::to_string(ntohs(address.sin_port)) +
          ")), (socket.AF_INET, ('10.0.0.1', 80))):\n"
          "  try:\n    socket.socket(kind).connect(where); print('connected')\n"
          "  except OSError as e: print(e.strerror)\nE");
  EXPECT_EQ(tried, "Connection refused\nConnection refused\nNetwork is unreachable\n");
  close(local);
  close(port);
}

TEST_F(AConfinedBox, ReachesItsOwnLoopback) {
  EXPECT_EQ(
      run("cd; echo hello > x; (python3 -m http.server 8000 >/dev/null 2>&1 &) ; sleep 1; "
          "python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/x').read().decode())\""),
      "hello\n\n");
}

TEST_F(AConfinedBox, SeesNothingOfAnother) {
  const auto other = driver().open("other");
  other->execute(
      "main", "~",
      "echo secret > ~/secret; echo secret > /tmp/secret; python3 -c \"\nimport socket, time\n"
      "s = socket.socket(socket.AF_UNIX); s.bind('\\0shared'); s.listen(); print('up', flush=True); time.sleep(60)\"",
      {});
  EXPECT_EQ(run("ls -A ~ /tmp; cat /proc/[0-9]*/comm | grep -c python; python3 -c \"\nimport socket\ntry: "
                "socket.socket(socket.AF_UNIX).connect('\\0shared')\n"
                "except OSError as e: print(e.strerror)\""),
            "/home/ubuntu:\n\n/tmp:\n0\nConnection refused\n");
  driver().remove("other");
}

TEST_F(AConfinedBox, HasASudoThatJustRuns) {
  EXPECT_EQ(run("sudo -u root -E id -u; sudo A=1 sh -c 'echo $A'; sudo -- echo x; sudo -n; echo $?"),
            "1000\n1\nx\n0\n");
}

}  // namespace
}  // namespace agent::sandbox
