// Where the operations of the first version went, for answers with 410.
#pragma once

#include <string>
#include <string_view>

namespace skills {

// `rest`: what follows /api/app-config/skills/; empty: nothing. Paths as clients know them, without /api.
std::string movedAppConfig(std::string_view rest);
// `rest`: what follows /api/user/tools/skills/.
std::string movedUserTools(std::string_view rest);

}  // namespace skills
