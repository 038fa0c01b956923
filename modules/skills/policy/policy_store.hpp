// Whether tools of high risk need the user's consent: one setting for the whole platform.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace skills {

using mortise::field;
using mortise::fields;

// The only row of its table.
struct RiskPolicy {
  std::int64_t id = 1;
  std::string mode = "off";  // off, enforce_confirmation
  mortise::Time updatedAt;
  std::string updatedBy;  // user id

  static constexpr auto kFields =
      fields("skills_policy", field("id", &RiskPolicy::id).key(), field("mode", &RiskPolicy::mode),
             field("updated_at", &RiskPolicy::updatedAt), field("updated_by", &RiskPolicy::updatedBy));
};

// Every function throws db::Error. [worker]
class PolicyStore {
 public:
  explicit PolicyStore(mortise::Db db) : db_(db) {}
  // The same as a part of a transaction.
  PolicyStore in(const mortise::Transaction& tx) const { return PolicyStore(db_.in(tx)); }

  // "off" until an administrator sets one.
  std::string mode() const;
  // `mode` is one that the contract knows.
  void setMode(std::string_view mode, std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace skills
