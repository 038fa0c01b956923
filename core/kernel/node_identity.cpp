#include "core/kernel/node_identity.hpp"

#include <exception>
#include <fstream>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/base/whole_file.hpp"
#include "core/kernel/start_error.hpp"

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
  try {
    writeWholeFile(path, id + "\n");
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
  return id;
}

}  // namespace mortise::kernel
