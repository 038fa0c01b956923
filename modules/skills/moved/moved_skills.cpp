#include "moved/moved_skills.hpp"

#include <string>

#include "moved/new_places.hpp"

namespace skills {
namespace {

using mortise::Reply;

mortise::Problem movedTo(const std::string& place) {
  return mortise::Problem(410, "skill_api_moved")
      .details(mortise::json::object({{"code", "SKILL_API_MOVED"}, {"migrate_to", place}}));
}

}  // namespace

Reply MovedSkills::appConfig(std::string_view rest) { throw movedTo(movedAppConfig(rest)); }

Reply MovedSkills::userTools(std::string_view rest) { throw movedTo(movedUserTools(rest)); }

}  // namespace skills
