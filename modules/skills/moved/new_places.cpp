#include "moved/new_places.hpp"

namespace skills {
namespace {

constexpr const char* kSkills = "/v2/skills";
constexpr const char* kUserTools = "/v2/user/tools/skills";

// ID of "ID/ACTION"; empty when it is something else.
std::string_view idBefore(std::string_view rest, std::string_view action) {
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || rest.substr(slash + 1) != action) return {};
  return rest.substr(0, slash);
}

}  // namespace

std::string movedAppConfig(std::string_view rest) {
  if (rest == "install") return std::string(kSkills) + "/install";
  if (const auto id = idBefore(rest, "enabled"); !id.empty())
    return std::string(kSkills) + "/" + std::string(id) + "/enabled";
  if (const auto id = idBefore(rest, "delete"); !id.empty()) return std::string(kSkills) + "/" + std::string(id);
  return kSkills;
}

std::string movedUserTools(std::string_view rest) {
  const auto id = idBefore(rest, "enabled");
  return id.empty() ? kUserTools : std::string(kUserTools) + "/" + std::string(id) + "/enabled";
}

}  // namespace skills
