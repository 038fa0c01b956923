#include "handoffs/handoff_party.hpp"

#include <mortise/ascii.hpp>

#include <algorithm>

namespace session_sharing {

std::string inboxOfEmail(std::string_view email) { return "email:" + mortise::asciiLowerCase(email); }
std::string inboxOfUser(std::string_view userId) { return "user:" + std::string(userId); }
std::string inboxOfTeam(std::string_view teamId) { return "team:" + std::string(teamId); }

HandoffParty::HandoffParty(const mortise::Orgs& orgs, const mortise::Principal& caller) : userId_(caller.userId) {
  own_.push_back(inboxOfUser(userId_));
  if (caller.emailConfirmed && !caller.email.empty()) own_.push_back(inboxOfEmail(caller.email));
  for (const auto& team : orgs.teamsOf(userId_)) teams_.push_back(inboxOfTeam(team.id));
}

std::vector<std::string> HandoffParty::inboxes(bool withTeams) const {
  auto all = own_;
  if (withTeams) all.insert(all.end(), teams_.begin(), teams_.end());
  return all;
}

bool HandoffParty::isRecipient(const Handoff& handoff) const {
  const auto has = [&](const std::vector<std::string>& inboxes) {
    return std::find(inboxes.begin(), inboxes.end(), handoff.recipient) != inboxes.end();
  };
  return has(own_) || has(teams_);
}

}  // namespace session_sharing
