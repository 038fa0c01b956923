// Which tickets a work queue is for: those that are named, and those that a filter finds. Plain C++.
#pragma once

#include <mortise/json_node.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tickets/ticket_store.hpp"

namespace projects {

struct TicketSelector {
  std::optional<TicketFilter> filter;  // empty: the selector names no condition
  std::vector<std::string> ticketIds;  // each once
};

// Problem 422 that names the member which breaks a rule.
TicketSelector checkedSelector(const mortise::Json& selector);
// The filter of one that is stored.
std::optional<TicketFilter> storedFilter(std::string_view selector);
// A stored one, where personas have other names now (old name -> new name): tickets that are assigned to them are found
// as before.
std::string renamedSelector(const std::string& selector, const std::map<std::string, std::string>& names);

}  // namespace projects
