#include "core/kernel/node_identity.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/kernel/kernel.hpp"

namespace mortise::kernel {

std::string nodeIdentity(const std::string& dataDirectory) {
  const auto path = dataDirectory + "/node";
  std::string line;
  if (std::ifstream file(path); std::getline(file, line)) {
    const std::string id(text::trim(line));
    if (!isUuid(id)) throw StartError({path + " should hold a UUID; remove it to let the server make one"});
    return id;
  }
  const auto id = uuid4();
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const auto content = id + "\n";
  if (!file || ::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
    throw StartError({"can't write " + path + ": " + std::system_category().message(errno)});
  return id;
}

}  // namespace mortise::kernel
