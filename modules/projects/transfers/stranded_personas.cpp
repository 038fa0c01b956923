#include "transfers/stranded_personas.hpp"

#include <utility>

namespace projects {
namespace {

constexpr std::size_t kMaxTickets = 50;  // named for each persona

}  // namespace

std::vector<StrandedPersona> StrandedPersonas::of(std::string_view projectId, const std::optional<std::string>& fromOrg,
                                                  const std::optional<std::string>& toOrg) const {
  std::vector<StrandedPersona> stranded;
  if (!fromOrg) return stranded;
  for (const auto& persona : personas_.listOfOrg(*fromOrg, false)) {
    if (personas_.resolve(projectId, toOrg, persona.name)) continue;
    auto tickets = tickets_.assignedTo(projectId, persona.name, kMaxTickets);
    if (!tickets.empty()) stranded.push_back({persona.name, std::move(tickets)});
  }
  return stranded;
}

}  // namespace projects
