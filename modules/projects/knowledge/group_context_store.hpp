// The table of documents of groups: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/rows.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

struct GroupContext {
  std::string groupId;
  mortise::Time compiledAt;
  std::string compiledBy;
  std::vector<std::string> sources;  // ids of projects
  std::string document;

  static constexpr auto kFields =
      mortise::fields("projects_group_contexts", mortise::field("group_id", &GroupContext::groupId).key(),
                      mortise::field("compiled_at", &GroupContext::compiledAt),
                      mortise::field("compiled_by", &GroupContext::compiledBy).as("compiled_by_user_id"),
                      mortise::field("sources", &GroupContext::sources),
                      mortise::field("document", &GroupContext::document))
          .times(mortise::kIsoMicros);
};

// [worker]; every member throws db::Error.
class GroupContextStore {
 public:
  explicit GroupContextStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  GroupContextStore in(const mortise::Transaction& tx) const { return GroupContextStore(db_.in(tx)); }

  std::optional<GroupContext> find(std::string_view groupId) const {
    return mortise::db::find<GroupContext>(db_, groupId);
  }
  void put(const GroupContext& context) const { mortise::db::upsert(db_, context); }

 private:
  mortise::Db db_;
};

}  // namespace projects
