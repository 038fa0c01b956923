// Ids of what this module makes itself. Plain C++.
#pragma once

#include <string>

namespace auth {

// A random UUID (version 4), lower case.
std::string makeUuid();

}  // namespace auth
