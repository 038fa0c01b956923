// Identifies this server among those that share a database: the same id after a restart, different from every other
// server's.
#pragma once

#include <string>

namespace mortise::kernel {

// A UUID stored in <data.dir>/node, created at the first start. Under the data lock no two processes have the same.
// Throws StartError when the file can't be read or written.
std::string nodeIdentity(const std::string& dataDirectory);

}  // namespace mortise::kernel
