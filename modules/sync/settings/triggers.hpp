// When a user's sessions are audited and summarised by themselves, and the table of it.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>

#include <string>
#include <string_view>

namespace session_sharing {

struct Triggers {
  std::string userId;
  std::string audit = "manual";  // isTrigger()
  std::string summarize = "manual";

  static constexpr auto kFields =
      mortise::fields("sync_triggers", mortise::field("user_id", &Triggers::userId).key(),
                      mortise::field("audit", &Triggers::audit), mortise::field("summarize", &Triggers::summarize));
};

// manual, on_sync or on_pr.
bool isTrigger(std::string_view text);

// [worker]; every member throws db::Error.
class TriggerStore {
 public:
  explicit TriggerStore(mortise::Db db) : db_(db) {}
  TriggerStore in(const mortise::Transaction& tx) const { return TriggerStore(db_.in(tx)); }

  // The defaults where the user has set none.
  Triggers of(std::string_view userId) const;
  void put(const Triggers& triggers) const;
  void remove(std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
