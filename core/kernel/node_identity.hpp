// Which server this is, among those that share a database: the same after a restart, and no other's.
#pragma once

#include <string>

namespace mortise::kernel {

// A UUID kept in <data.dir>/node, made at the first start. Under the data lock no two processes have the same. Throws
// StartError when the file can't be read or written.
std::string nodeIdentity(const std::string& dataDirectory);

}  // namespace mortise::kernel
