// Who takes part in a handoff: the sender, and those whom it is for.
#pragma once

#include <mortise/orgs.hpp>
#include <mortise/request.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "handoffs/handoff.hpp"

namespace session_sharing {

// Names of inboxes, Handoff::recipient. An address is compared in lower case.
std::string inboxOfEmail(std::string_view email);
std::string inboxOfUser(std::string_view userId);
std::string inboxOfTeam(std::string_view teamId);

// A caller as handoffs see them. An address counts once it is verified: whoever merely claims one gets nothing that was
// sent to it.
class HandoffParty {
 public:
  HandoffParty(const mortise::Orgs& orgs, const mortise::Principal& caller);

  // Every inbox of the caller; without those of teams: the own ones.
  std::vector<std::string> inboxes(bool withTeams) const;
  bool isSender(const Handoff& handoff) const { return handoff.senderId == userId_; }
  bool isRecipient(const Handoff& handoff) const;
  bool isParty(const Handoff& handoff) const { return isSender(handoff) || isRecipient(handoff); }

 private:
  std::string userId_;
  std::vector<std::string> own_;
  std::vector<std::string> teams_;
};

}  // namespace session_sharing
