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

constexpr std::size_t kMaxLists = 50;
constexpr std::size_t kMaxElements = 500;
constexpr std::size_t kMaxName = 64;  // characters, as the next two
constexpr std::size_t kMaxText = 1000;
constexpr std::size_t kMaxMember = 256;
constexpr std::size_t kMaxMembers = 8;

[[noreturn]] void refuse(std::string location, std::string rule, mortise::Params params = {}) {
  throw Problem(422, "validation_failed").field(std::move(location), std::move(rule), std::move(params));
}

mortise::Params most(const char* name, std::size_t number) { return {{name, std::to_string(number)}}; }

// A name may hold what can't stand in the place of an error.
std::string shownName(std::string_view name) {
  std::string out = mortise::firstCharacters(name, kMaxName);
  for (auto& c : out) {
    if (c == '/') c = '_';
  }
  return out;
}

void checkElement(const Json& element, const std::string& place) {
  if (element.isText()) {
    if (mortise::characterCount(element.text()) > kMaxText)
      refuse(place, "string_too_long", most("max_length", kMaxText));
    return;
  }
  if (!element.isObject()) refuse(place, "ref_type");
  if (element.size() == 0 || element.size() > kMaxMembers) refuse(place, "ref_members", most("most", kMaxMembers));
  for (const auto& [name, value] : element.members()) {
    if (mortise::characterCount(name) > kMaxMember || !value.isText() ||
        mortise::characterCount(value.text()) > kMaxMember)
      refuse(place, "ref_member", most("most", kMaxMember));
  }
}

}  // namespace

void checkReturnedRefs(const Json& refs) {
  if (refs.size() > kMaxLists) refuse("body/returned_refs", "too_long", most("max_length", kMaxLists));
  for (const auto& [name, list] : refs.members()) {
    if (mortise::characterCount(name) > kMaxName) refuse("body/returned_refs", "ref_name", most("most", kMaxName));
    const auto place = "body/returned_refs/" + shownName(name);
    if (!list.isList()) refuse(place, "list_type");
    if (list.size() > kMaxElements) refuse(place, "too_long", most("max_length", kMaxElements));
    std::size_t index = 0;
    for (const Json element : list) checkElement(element, place + "/" + std::to_string(index++));
  }
}

std::string keptJson(const Json& object) {
  if (!object.exists()) return "{}";
  auto text = object.toText();
  if (text.size() <= kMaxAuditedBytes) return text;
  return mortise::json::object({{"_truncated", true}, {"_original_bytes", text.size()}}).text();
}

}  // namespace projects
