// What a compilation does to the entries of a project, step by step: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/context_document.hpp"
#include "knowledge/entry.hpp"
#include "knowledge/link.hpp"

namespace projects {

// An entry that a compilation takes.
struct TakenClaim {
  std::int64_t id = 0;
  EntryType type = EntryType::discovery;
  double confidence = 1;
  mortise::Time createdAt;
  std::string content;
};

// Which entry another one replaces or contradicts.
struct Supersession {
  std::int64_t newer = 0;
  std::int64_t older = 0;
  double overlap = 0;
  bool replaces = false;  // else it contradicts
};

// Each member takes one project through one step, within the transaction of the compilation. `stop` is called again and
// again; what it throws ends the step. [worker]; every member throws db::Error.
class CompileSteps {
 public:
  static constexpr std::size_t kMaxClaims = 50'000;               // that one compilation takes
  static constexpr std::size_t kMaxText = std::size_t{64} << 20;  // bytes of them together
  static constexpr std::size_t kCompared = 200;              // newer entries about the same that one is compared with;
                                                             // those of readers don't count
  static constexpr std::size_t kMaxContradictions = 20'000;  // links that one compilation adds

  CompileSteps(mortise::Db db, std::string_view projectId, mortise::Time now, std::function<void()> stop)
      : db_(db), projectId_(projectId), now_(now), stop_(std::move(stop)) {}

  // 1. Ages each entry by its type. Returns how many changed.
  std::int64_t refreshFreshness() const;
  // 2. Of entries about the same thing, newer ones replace older ones that say the same, or contradict what says much of
  //    it. `retentionDays`, `decays`: what the next steps will drop compares with nothing.
  std::vector<Supersession> supersessions(std::int64_t retentionDays, bool decays) const;
  void apply(const std::vector<Supersession>& pairs) const;
  // 3. Lowers the confidence of what nobody needed for 90 days: when it is due, at most once in 30 days.
  bool decayIsDue() const;
  std::int64_t decay() const;
  // 4. Dismisses what is hardly believed and older than the project keeps it.
  std::int64_t retire(std::int64_t retentionDays) const;
  // 5. Makes claims of evidence that is good enough.
  std::int64_t promote() const;
  // 6. The claims to take, the surest first.
  std::vector<TakenClaim> pending() const;
  // 7. Marks them.
  void markCompiled(const std::vector<std::int64_t>& ids) const;
  // The newest claims that the document tells, for Recent Changes.
  std::vector<RecentFact> recent(std::size_t count) const;

  // Takes the mark off every claim: for a document that is written anew.
  void unmarkAll() const;

 private:
  mortise::Db db_;
  std::string_view projectId_;
  mortise::Time now_;
  std::function<void()> stop_;
};

}  // namespace projects
