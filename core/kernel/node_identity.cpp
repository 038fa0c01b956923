#include "core/kernel/node_identity.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
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
  std::ofstream file(path, std::ios::trunc);
  file << id << "\n";
  file.close();
  if (!file) throw StartError({"can't write " + path + ": " + std::system_category().message(errno)});
  return id;
}

}  // namespace mortise::kernel
