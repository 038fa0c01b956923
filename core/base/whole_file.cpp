#include "core/base/whole_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "core/base/temporary_file.hpp"
#include "core/base/unique_fd.hpp"

namespace mortise {

void writeWholeFile(const std::string& path, std::string_view content) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  try {
    TemporaryFile file(folder);
    file.write(content);
    file.sync();
    file.keepAs(path);
    // The new name has to survive a power cut, too.
    const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) throw std::system_error(errno, std::system_category());
  } catch (const std::system_error& error) {
    throw std::runtime_error("can't write " + path + ": " + error.code().message());
  }
}

}  // namespace mortise
