#include "box_arguments.hpp"

#include <unistd.h>

#include <initializer_list>
#include <string>

#include "protocol.hpp"

namespace agent::sandbox {
namespace {

constexpr std::string_view kEgressInBox = "/run/egress";  // wire::kEgressSocket lies in it

class Arguments {
 public:
  void add(std::initializer_list<std::string_view> words) {
    for (const auto word : words) all_.emplace_back(word);
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

}  // namespace

std::vector<std::string> hiddenFiles() {
  std::vector<std::string> out;
  for (const auto* name : {"cmdline", "config.gz", "kallsyms", "keys", "timer_list"}) {
    const auto path = std::string("/proc/") + name;
    if (access(path.c_str(), F_OK) == 0) out.push_back(path);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> proxyVariables() {
  const auto proxy = "http://127.0.0.1:" + std::to_string(wire::kRelayPort);
  const std::string inside = "localhost,127.0.0.1,::1";
  // Programs differ in which case they read.
  return {{"http_proxy", proxy},  {"https_proxy", proxy}, {"HTTP_PROXY", proxy},
          {"HTTPS_PROXY", proxy}, {"no_proxy", inside},   {"NO_PROXY", inside}};
}

std::vector<std::string> boxArguments(const BoxPlaces& places) {
  Arguments out;
  out.add({"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--unshare-cgroup"});
  out.add({"--disable-userns", "--assert-userns-disabled", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"});
  out.add({"--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL", "--clearenv"});
  out.add({"--setenv", "HOME", kHome, "--setenv", "USER", "ubuntu", "--setenv", "LOGNAME", "ubuntu"});
  out.add({"--setenv", "PATH", "/run/bin:/usr/local/bin:/usr/bin:/bin", "--setenv", "LANG", "C.UTF-8"});
  out.add({"--setenv", "TERM", "xterm-256color", "--setenv", "PAGER", "cat", "--setenv", "DEBIAN_FRONTEND",
           "noninteractive"});
  out.add(
      {"--ro-bind", places.root + "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin"});
  out.add({"--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc"});
  for (const auto& path : places.hidden) out.add({"--ro-bind", "/dev/null", path});
  out.add({"--dev", "/dev", "--size", "134217728", "--tmpfs", "/dev/shm"});
  out.add({"--perms", "0755", "--size", "16777216", "--tmpfs", "/run"});
  out.add({"--perms", "0755", "--size", "16777216", "--tmpfs", "/var", "--dir", "/var/tmp"});
  out.add({"--perms", "0755", "--dir", "/etc"});
  for (const auto* name : {"ssl", "fonts", "alternatives", "ld.so.cache", "xdg"}) {
    const auto path = std::string("/etc/") + name;
    out.add({"--ro-bind-try", places.root + path, path});
  }
  const auto data = [&](int fd, std::string_view mode, std::string_view path) {
    out.add({"--perms", mode, "--ro-bind-data", std::to_string(fd), path});
  };
  data(kPasswdFd, "0444", "/etc/passwd");
  data(kGroupFd, "0444", "/etc/group");
  data(kHostsFd, "0444", "/etc/hosts");
  data(kSudoFd, "0555", "/run/bin/sudo");
  out.add({"--ro-bind", places.helper, kHelperInBox});
  if (!places.egress.empty()) {
    out.add({"--ro-bind", places.egress, kEgressInBox});
    for (const auto& [name, value] : proxyVariables()) out.add({"--setenv", name, value});
  }
  out.add({"--bind", places.temporary, "/tmp", "--bind", places.home, kHome, "--chdir", kHome});
  out.add({"--remount-ro", "/", "--seccomp", std::to_string(kSeccompFd)});
  return out.take();
}

std::string_view passwdText() {
  return "root:x:0:0:root:/:/bin/sh\nubuntu:x:1000:1000:ubuntu:/home/ubuntu:/bin/bash\n";
}
std::string_view groupText() { return "root:x:0:\nubuntu:x:1000:\n"; }
std::string_view hostsText() { return "127.0.0.1 localhost sandbox\n::1 localhost\n"; }

// There is no other user to become: the options go, the command runs.
std::string_view sudoText() {
  return "#!/bin/sh\n"
         "while [ $# -gt 0 ]; do\n"
         "  case \"$1\" in\n"
         "    -u|-g|-p|-C|-h|-r|-t|-T|-U) shift; [ $# -gt 0 ] && shift ;;\n"
         "    --) shift; break ;;\n"
         "    -*) shift ;;\n"
         "    *=*) export \"$1\"; shift ;;\n"
         "    *) break ;;\n"
         "  esac\n"
         "done\n"
         "[ $# -gt 0 ] || exit 0\n"
         "exec \"$@\"\n";
}

}  // namespace agent::sandbox
