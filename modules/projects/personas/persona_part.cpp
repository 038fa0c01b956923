#include "personas/persona_part.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "concurrent_update.hpp"

namespace projects {
namespace {

constexpr std::size_t kMaxName = 50;
constexpr std::size_t kMaxContent = 200000;  // characters, as the contract has it
constexpr std::size_t kMaxSpecializations = 50;

// "reviewer-2": a name that nothing has yet.
std::string freeName(const std::string& name, const std::set<std::string>& taken) {
  for (int number = 2;; ++number) {
    const auto ending = "-" + std::to_string(number);
    auto candidate = name.substr(0, kMaxName - ending.size()) + ending;
    if (!taken.contains(mortise::asciiLowerCase(candidate))) return candidate;
  }
}

// What one says goes behind what the other says, if there is room.
bool mergeContent(const Persona& from, Persona& into) {
  if (!from.content.empty() && from.content != into.content) {
    auto whole = into.content.empty() ? from.content : into.content + "\n\n" + from.content;
    if (mortise::characterCount(whole) > kMaxContent) return false;
    into.content = std::move(whole);
  }
  std::set<std::string> known(into.specializations.begin(), into.specializations.end());
  for (const auto& each : from.specializations) {
    if (into.specializations.size() < kMaxSpecializations && known.insert(each).second)
      into.specializations.push_back(each);
  }
  return true;
}

}  // namespace

void PersonaPart::removed(mortise::Transaction& tx, std::string_view projectId) {
  personas_.in(tx).removeOfProject(projectId);
}

void PersonaPart::merged(mortise::Transaction& tx, ProjectMerge& merge) {
  const auto personas = personas_.in(tx);
  const auto moving = personas.listOfProject(merge.from, true);
  std::set<std::string> taken;
  for (const auto& each : personas.listOfProject(merge.into, true)) taken.insert(each.nameKey);
  for (const auto& each : moving) taken.insert(each.nameKey);
  std::int64_t moved = 0;
  for (const auto& persona : moving) {
    auto name = persona.name;
    if (auto other = personas.ofProject(merge.into, persona.name)) {
      merge.personaCollisions.push_back(persona.name);
      if (merge.personaPolicy == PersonaPolicy::rename) {
        name = freeName(persona.name, taken);
        taken.insert(mortise::asciiLowerCase(name));
        merge.personaRenames[persona.name] = name;
      } else {
        if (merge.personaPolicy == PersonaPolicy::mergeContent) {
          const auto whole = personas.find(persona.id);
          if (whole && !mergeContent(*whole, *other)) {
            merge.blockingReason = "persona_too_long";
            return;
          }
          other->updatedAt = merge.at;
          if (!personas.change(*other)) throw concurrentUpdate();
        }
        personas.remove(persona.id);
        continue;
      }
    }
    personas.move(persona.id, merge.into, name, merge.at);
    ++moved;
  }
  merge.stats["personas"] = moved;
  if (personas.countOfProject(merge.into) > static_cast<std::int64_t>(PersonaStore::kMaxPersonas))
    merge.blockingReason = "too_many_personas";
}

void PersonaPart::userForgotten(mortise::Transaction& tx, std::string_view userId) {
  personas_.in(tx).forgetUser(userId);
}

}  // namespace projects
