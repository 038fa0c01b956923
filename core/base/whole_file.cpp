#include "core/base/whole_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

#include "core/base/unique_fd.hpp"

namespace mortise {

void writeWholeFile(const std::string& path, std::string_view content) {
  const auto temporary = path + ".new";
  const auto fail = [&] {
    const int reason = errno;
    ::unlink(temporary.c_str());
    throw std::runtime_error("can't write " + path + ": " + std::system_category().message(reason));
  };
  const UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) fail();
  for (std::string_view rest = content; !rest.empty();) {
    const auto written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno != EINTR) fail();
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0 || std::rename(temporary.c_str(), path.c_str()) != 0) fail();
  // The new name has to survive a power cut, too.
  const auto slash = path.rfind('/');
  const UniqueFd folder(
      ::open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) fail();
}

}  // namespace mortise
