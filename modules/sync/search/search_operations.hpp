// GET /api/v1/sessions/search.
#pragma once

#include <mortise/module.hpp>

#include "search/session_search.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class SearchOperations final : public sync_contract::search::Search {
 public:
  explicit SearchOperations(mortise::Host host) : search_(host.db()) {}

 private:
  mortise::Reply searchSessions(const mortise::Request& request) override;

  SessionSearch search_;
};

}  // namespace session_sharing
