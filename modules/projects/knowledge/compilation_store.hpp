// The table of compilations: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "knowledge/compilation.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class CompilationStore {
 public:
  explicit CompilationStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  CompilationStore in(const mortise::Transaction& tx) const { return CompilationStore(db_.in(tx)); }

  // Sets its number, and drops the oldest ones of the document, or of the page, so that `limit` stay.
  void add(Compilation& compilation, std::int64_t limit) const;
  // Of the project's context document, or of a page of it.
  std::optional<Compilation> find(std::string_view projectId, std::int64_t id) const;
  // Of the context document, newest first. Together their texts have at most `mostText` bytes: from the first that has
  // more on they come without.
  std::vector<CompilationSummary> list(std::string_view projectId, std::size_t limit, std::size_t mostText) const;
  // When the context document was compiled last, and how many compilations of it are kept.
  std::optional<mortise::Time> lastAt(std::string_view projectId) const;
  std::int64_t countOf(std::string_view projectId) const;

  void removeAllOf(std::string_view projectId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
