#include "account_removal.hpp"

#include <optional>

namespace auth {

void AccountRemoval::remove(const mortise::Transaction& tx, std::string_view userId) const {
  identity_.in(tx).remove(userId);
  forget(tx, userId);
}

void AccountRemoval::forget(const mortise::Transaction& tx, std::string_view userId) const {
  oauth_.in(tx).forget(userId);
  defaultOrgs_.in(tx).choose(userId, std::nullopt);
  unproved_.in(tx).forget(userId);
}

}  // namespace auth
