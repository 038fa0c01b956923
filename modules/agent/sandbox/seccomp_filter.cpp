#include "seccomp_filter.hpp"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "fd.hpp"

namespace agent::sandbox {
namespace {

constexpr const char* kDenied[] = {"add_key",
                                   "request_key",
                                   "keyctl",
                                   "ptrace",
                                   "process_vm_readv",
                                   "process_vm_writev",
                                   "process_madvise",
                                   "kcmp",
                                   "pidfd_getfd",
                                   "bpf",
                                   "perf_event_open",
                                   "userfaultfd",
                                   "memfd_secret",
                                   "mount",
                                   "umount",
                                   "umount2",
                                   "mount_setattr",
                                   "move_mount",
                                   "open_tree",
                                   "fsopen",
                                   "fsconfig",
                                   "fsmount",
                                   "fspick",
                                   "pivot_root",
                                   "chroot",
                                   "setns",
                                   "unshare",
                                   "init_module",
                                   "finit_module",
                                   "delete_module",
                                   "create_module",
                                   "kexec_load",
                                   "kexec_file_load",
                                   "reboot",
                                   "swapon",
                                   "swapoff",
                                   "open_by_handle_at",
                                   "name_to_handle_at",
                                   "fanotify_init",
                                   "fanotify_mark",
                                   "quotactl",
                                   "quotactl_fd",
                                   "acct",
                                   "syslog",
                                   "settimeofday",
                                   "stime",
                                   "clock_settime",
                                   "clock_adjtime",
                                   "adjtimex",
                                   "iopl",
                                   "ioperm",
                                   "modify_ldt",
                                   "mbind",
                                   "set_mempolicy",
                                   "set_mempolicy_home_node",
                                   "migrate_pages",
                                   "move_pages",
                                   "nfsservctl",
                                   "vhangup",
                                   "lookup_dcookie",
                                   "uselib",
                                   "_sysctl",
                                   "sysfs",
                                   "ustat"};
// Newer than the library's names; the number is the same everywhere.
constexpr int kOpenTreeAttr = 467;

constexpr const char* kMissing[] = {"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"};

constexpr std::uint64_t kNamespaces[] = {
    0x00000080 /*time*/, 0x00020000 /*mount*/, 0x02000000 /*cgroup*/, 0x04000000 /*uts*/,
    0x08000000 /*ipc*/,  0x10000000 /*user*/,  0x20000000 /*pid*/,    0x40000000 /*net*/};

constexpr std::uint64_t kLow = 0xffffffff;  // what the kernel looks at; garbage above it changes nothing
constexpr unsigned kFamilies = 64;          // the kernel knows 46
constexpr unsigned kNetlinkProtocols = 32;  // all there can be

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ALLOW), seccomp_release) {
    if (!context_) throw std::runtime_error("seccomp_init failed");
    check(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    for (const auto* name : kDenied) add(SCMP_ACT_ERRNO(EPERM), name);
    check(seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(EPERM), kOpenTreeAttr, 0));
    for (const auto* name : kMissing) add(SCMP_ACT_ERRNO(ENOSYS), name);
    for (const auto flag : kNamespaces)
      add(SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
    add(SCMP_ACT_ERRNO(EPERM), SCMP_SYS(personality), SCMP_A0(SCMP_CMP_NE, 0, 0));
    for (const auto request : {0x5412ULL /*TIOCSTI*/, 0x541cULL /*TIOCLINUX*/})
      add(SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, kLow, request));
    // The server closes what a box sends it, which must never wait: this succeeds and does nothing.
    add(SCMP_ACT_ERRNO(0), SCMP_SYS(setsockopt), SCMP_A1(SCMP_CMP_MASKED_EQ, kLow, SOL_SOCKET),
        SCMP_A2(SCMP_CMP_MASKED_EQ, kLow, SO_LINGER));
    for (unsigned family = 0; family < kFamilies; ++family) {
      if (family != AF_UNIX) refuseFamily(SCMP_SYS(socketpair), family);
      if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
      refuseFamily(SCMP_SYS(socket), family);
    }
    for (unsigned protocol = 1; protocol < kNetlinkProtocols;
         ++protocol)  // 0 is routing, which programs ask for addresses
      add(SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), SCMP_A0(SCMP_CMP_MASKED_EQ, kLow, AF_NETLINK),
          SCMP_A2(SCMP_CMP_MASKED_EQ, kLow, protocol));
  }

  std::string bytes() const {
    const Fd file(memfd_create("filter", MFD_CLOEXEC));
    if (!file || seccomp_export_bpf(context_.get(), file.get()) != 0)
      throw std::runtime_error("seccomp_export_bpf failed");
    std::string out(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
    if (pread(file.get(), out.data(), out.size(), 0) != static_cast<ssize_t>(out.size()))
      throw std::runtime_error("the system call filter can't be read");
    return out;
  }

 private:
  static void check(int result) {
    if (result != 0) throw std::runtime_error("libseccomp refused a rule: error " + std::to_string(-result));
  }
  // A call that this architecture or library does not know can't be made either.
  void add(std::uint32_t action, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0) return;
    check(seccomp_rule_add(context_.get(), action, number, 0));
  }
  template <class... Comparison>
  void add(std::uint32_t action, int call, const Comparison&... comparison) {
    const scmp_arg_cmp all[] = {comparison...};
    check(seccomp_rule_add_array(context_.get(), action, call, sizeof...(comparison), all));
  }
  void refuseFamily(int call, unsigned family) {
    add(SCMP_ACT_ERRNO(EAFNOSUPPORT), call, SCMP_A0(SCMP_CMP_MASKED_EQ, kLow, family));
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
};

}  // namespace

std::string seccompFilter() { return Filter().bytes(); }

}  // namespace agent::sandbox
