// What people change about entries, and a project's knowledge in numbers: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry.hpp"

namespace projects {

// What a project knows, in numbers.
struct KnowledgeNumbers {
  std::int64_t total = 0;
  std::int64_t pending = 0;  // that a compilation would take
  std::int64_t liveNotes = 0;
  std::int64_t promotable = 0;  // evidence that a compilation would make claims and take
  std::int64_t compiled = 0;
  std::int64_t dismissed = 0;
  std::int64_t stale = 0;
  std::int64_t lowConfidence = 0;
  std::int64_t decayed = 0;
};

struct BulkPromotion {
  std::int64_t minLength = 50;
  double minConfidence = 0.8;
  std::optional<double> setConfidence{};
  std::optional<EntryType> type{};
  bool includeReaderNotes = false;
};

struct BulkPromoted {
  std::vector<std::int64_t> ids;
  std::map<std::string, std::int64_t> skipped;  // by reason
  std::int64_t readerNotes = 0;
};

// Each member changes one entry in one statement, so that of two who change it at once both are right. [worker]; every
// member throws db::Error.
class EntryChanges {
 public:
  static constexpr std::size_t kMaxPromoted = 5000;  // notes that one call looks at, the newest

  EntryChanges(mortise::Db db, std::string_view projectId) : db_(db), projectId_(projectId) {}
  EntryChanges in(const mortise::Transaction& tx) const { return {db_.in(tx), projectId_}; }

  // The first dismissal is stamped; another one changes the reason, if it has one. False: there is no such entry.
  bool dismiss(std::int64_t id, std::string_view userId, const std::optional<std::string>& reason,
               mortise::Time now) const;
  bool takeBack(std::int64_t id) const;
  // False: there is none that is not replaced.
  bool refresh(std::int64_t id, mortise::Time now) const;
  bool supersede(std::int64_t older, std::int64_t newer, std::string_view reason) const;
  // Does `newer` go back to `older` by what replaced what?
  bool isReplacedBy(std::int64_t newer, std::int64_t older) const;
  // The older ones of an upsert.
  void replaceAll(const std::vector<std::int64_t>& older, std::int64_t newer, std::string_view userId,
                  mortise::Time now) const;
  // False: there is none that is no claim.
  bool promote(std::int64_t id, std::string_view userId, mortise::Time now) const;
  bool setConfidence(std::int64_t id, double confidence) const;

  std::int64_t dismissStale(std::string_view userId, mortise::Time now) const;
  // What bulk-promote would promote; `stop` is called again and again.
  BulkPromoted promotable(const BulkPromotion& wish, const std::function<void()>& stop) const;
  void promoteAll(const std::vector<std::int64_t>& ids, const std::optional<double>& confidence,
                  std::string_view userId, mortise::Time now) const;

  KnowledgeNumbers numbers(mortise::Time now) const;
  // Claims that wait; counts no further than `most`.
  std::int64_t pendingClaims(std::int64_t most) const;
  // Texts of the newest of them.
  std::vector<std::string> pendingTexts(std::size_t count) const;
  // Counts the compilation in.
  void wantCompilation(mortise::Time now) const;

  // How many of these there are still; what a restored compilation took counts as compiled then.
  std::int64_t countOf(const std::vector<std::int64_t>& ids) const;
  std::int64_t markCompiledAt(const std::vector<std::int64_t>& ids, mortise::Time at) const;

 private:
  mortise::Db db_;
  std::string_view projectId_;
};

}  // namespace projects
