// The tables of rules and their versions: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/rules.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class RulesStore {
 public:
  // Of one project, the newest, as long as their texts have no more bytes than that; one always.
  static constexpr std::int64_t kKeptVersions = 200;
  static constexpr std::int64_t kKeptBytes = std::int64_t{32} << 20;

  explicit RulesStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  RulesStore in(const mortise::Transaction& tx) const { return RulesStore(db_.in(tx)); }

  // The project's rules; those that everybody begins with are made at the first look.
  ProjectRules of(std::string_view projectId, mortise::Time now) const;
  std::optional<ProjectRules> find(std::string_view projectId) const;
  // Writes what people set, under a new etag. False: the stored ones have another etag than these.
  bool change(ProjectRules& rules) const;
  // Locks the rules for the rest of the transaction. False: there are none.
  bool lock(std::string_view rulesId) const;

  // Newest first.
  std::vector<RulesVersionSummary> versions(std::string_view rulesId) const;
  std::optional<RulesVersion> version(std::string_view rulesId, std::int64_t version) const;
  std::optional<RulesVersionSummary> newest(std::string_view rulesId) const;
  // Adds it, and makes its number that of the rules, under a new etag. Call it with the rules locked.
  void add(RulesVersion version) const;

  // The rules of a project belong to another one, which has none.
  void move(std::string_view fromProjectId, std::string_view toProjectId) const;
  void removeAllOf(std::string_view projectId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
