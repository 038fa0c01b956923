#include "retrieval/returned_refs.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <string_view>
#include <utility>

namespace projects {
namespace {

using mortise::Json;
using mortise::Problem;

constexpr std::size_t kMostLists = 50;
constexpr std::size_t kMostElements = 500;
constexpr std::size_t kLongestName = 64;  // characters, as the next two
constexpr std::size_t kLongestText = 1000;
constexpr std::size_t kLongestMember = 256;
constexpr std::size_t kMostMembers = 8;

[[noreturn]] void refuse(std::string location, std::string rule, mortise::Params params = {}) {
  throw Problem(422, "validation_failed").field(std::move(location), std::move(rule), std::move(params));
}

mortise::Params most(const char* name, std::size_t number) { return {{name, std::to_string(number)}}; }

// A name may hold what can't stand in the place of an error.
std::string shownName(std::string_view name) {
  std::string out = mortise::firstCharacters(name, kLongestName);
  for (auto& c : out) {
    if (c == '/') c = '_';
  }
  return out;
}

void checkElement(const Json& element, const std::string& place) {
  if (element.isText()) {
    if (mortise::characterCount(element.text()) > kLongestText)
      refuse(place, "string_too_long", most("max_length", kLongestText));
    return;
  }
  if (!element.isObject()) refuse(place, "ref_type");
  if (element.size() == 0 || element.size() > kMostMembers) refuse(place, "ref_members", most("most", kMostMembers));
  for (const auto& [name, value] : element.members()) {
    if (mortise::characterCount(name) > kLongestMember || !value.isText() ||
        mortise::characterCount(value.text()) > kLongestMember)
      refuse(place, "ref_member", most("most", kLongestMember));
  }
}

}  // namespace

void checkReturnedRefs(const Json& refs) {
  if (refs.size() > kMostLists) refuse("body/returned_refs", "too_long", most("max_length", kMostLists));
  for (const auto& [name, list] : refs.members()) {
    if (mortise::characterCount(name) > kLongestName)
      refuse("body/returned_refs", "ref_name", most("most", kLongestName));
    const auto place = "body/returned_refs/" + shownName(name);
    if (!list.isList()) refuse(place, "list_type");
    if (list.size() > kMostElements) refuse(place, "too_long", most("max_length", kMostElements));
    std::size_t index = 0;
    for (const Json element : list) checkElement(element, place + "/" + std::to_string(index++));
  }
}

std::string keptJson(const Json& object) {
  if (!object.exists()) return "{}";
  auto text = object.toText();
  if (text.size() <= kMostAuditedBytes) return text;
  return mortise::json::object({{"_truncated", true}, {"_original_bytes", text.size()}}).text();
}

}  // namespace projects
