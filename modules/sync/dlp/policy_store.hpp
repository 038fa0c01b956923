// The policies of organisations, and how many sessions were scanned for each.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlp/policy.hpp"

namespace session_sharing {

// How many pushes were scanned, and what became of them: "clean", "warn", "redact", "block".
struct DlpStats {
  std::int64_t scanned = 0;
  std::vector<std::pair<std::string, std::int64_t>> byAction;
};

// [worker]; every member throws db::Error.
class PolicyStore {
 public:
  explicit PolicyStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  PolicyStore in(const mortise::Transaction& tx) const { return PolicyStore(db_.in(tx)); }

  // The default for an organisation that has none, and for an empty id.
  DlpPolicy policyOf(std::string_view orgId) const;
  void put(const DlpPolicy& policy) const;

  // Ids of organisations that have a policy or numbers, behind `after`, in order, at most `limit`.
  std::vector<std::string> orgIds(std::string_view after, std::size_t limit) const;
  // Policy and numbers.
  void remove(std::string_view orgId) const;

  void countScan(std::string_view orgId, std::string_view action) const;
  DlpStats statsOf(std::string_view orgId) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
