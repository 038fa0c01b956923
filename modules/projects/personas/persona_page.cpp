#include "personas/persona_page.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "list_page.hpp"

namespace projects {
namespace {

constexpr std::size_t kAtOnce = 16;  // with their texts

std::size_t bytesOf(const Persona& persona) {
  constexpr std::size_t kNames = 700;
  std::size_t bytes = kNames + persona.role.size() + persona.content.size();
  for (const auto& each : persona.specializations) bytes += each.size() + 3;
  return bytes;
}

// Where a persona stands: a project's own comes before the organisation's of the same name.
using Place = std::pair<std::string, PersonaScope>;

Place placeOf(const PersonaSummary& persona) { return {persona.name, persona.scope}; }

// "scope,name".
std::string cursorOf(const Place& place) {
  return std::string(mortise::detail::nameOf(place.second)) + "," + place.first;
}

std::optional<Place> placeBehind(const std::optional<mortise::Text>& cursor) {
  if (!cursor) return std::nullopt;
  const auto text = std::string_view(*cursor);
  const auto comma = text.find(',');
  Place place;
  if (comma == std::string_view::npos || !mortise::detail::readName(text.substr(0, comma), place.second))
    throw mortise::Problem(422, "invalid_cursor").field("query/cursor");
  place.first = text.substr(comma + 1);
  return place;
}

}  // namespace

mortise::Reply personaPage(const mortise::Request& request, const PersonaStore& personas,
                           std::vector<PersonaSummary> all) {
  // Here, since databases differ in how they sort text.
  std::sort(all.begin(), all.end(),
            [](const PersonaSummary& a, const PersonaSummary& b) { return placeOf(a) < placeOf(b); });
  auto next = all.begin();
  if (const auto behind = placeBehind(request.query("cursor").text()))
    next = std::find_if(all.begin(), all.end(), [&](const PersonaSummary& each) { return placeOf(each) > *behind; });
  std::vector<Persona> page;
  PageRoom room(all.size() + 1, kMaxListedBytes);
  std::optional<Place> last;
  bool isFull = false;
  while (next != all.end() && !isFull) {
    request.stopIfExpired();
    std::vector<std::string> ids;
    for (auto each = next; each != all.end() && ids.size() < kAtOnce; ++each) ids.push_back(each->id);
    std::map<std::string, Persona, std::less<>> byId;
    for (auto& persona : personas.findAll(ids)) byId.emplace(persona.id, std::move(persona));
    for (std::size_t i = 0; i < ids.size() && !isFull; ++i) {
      const auto persona = byId.find(ids[i]);
      isFull = persona != byId.end() && !room.take(bytesOf(persona->second));
      if (isFull) break;
      if (persona != byId.end()) page.push_back(std::move(persona->second));
      last = placeOf(*next++);
    }
  }
  auto reply = mortise::Reply::ok(mortise::json::list(page));
  if (isFull) reply.header("X-Next-Cursor", cursorOf(*last));
  return reply;
}

}  // namespace projects
