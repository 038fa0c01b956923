#include "sandbox/box_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace agent::sandbox {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string argumentText() {
  std::string out;
  for (const auto& argument : boxArguments({"/srv/root", "/data/.helper", "/ws/home", "/ws/tmp", {"/proc/keys"}}))
    out += argument + " ";
  return out;
}

TEST(ArgumentsOfABox, UnshareEverythingAndKeepNoRights) {
  const auto text = argumentText();
  EXPECT_THAT(text, testing::StartsWith(
                        "--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-net --unshare-cgroup "
                        "--disable-userns --assert-userns-disabled --uid 1000 --gid 1000 --hostname sandbox "
                        "--die-with-parent --new-session --as-pid-1 --cap-drop ALL --clearenv "));
  EXPECT_THAT(text, Not(HasSubstr("--share-net")));
  EXPECT_THAT(
      text, testing::EndsWith(
                "--bind /ws/tmp /tmp --bind /ws/home /home/ubuntu --chdir /home/ubuntu --remount-ro / --seccomp 11 "));
}

TEST(ArgumentsOfABox, MountTheRootReadOnlyAndHideFilesAfterProc) {
  const auto text = argumentText();
  EXPECT_THAT(text, HasSubstr("--ro-bind /srv/root/usr /usr "));
  EXPECT_THAT(text, HasSubstr("--proc /proc --ro-bind /dev/null /proc/keys "));
  EXPECT_THAT(text, HasSubstr("--ro-bind-try /srv/root/etc/ssl /etc/ssl "));
  EXPECT_THAT(text, HasSubstr("--ro-bind /data/.helper /run/helper "));
  EXPECT_THAT(text, Not(HasSubstr("--bind /srv")));
}

TEST(ArgumentsOfABox, HideOnlyWhatIsThere) {
  for (const auto& path : hiddenFiles()) EXPECT_THAT(path, testing::StartsWith("/proc/"));
}

}  // namespace
}  // namespace agent::sandbox
