// The tables of knowledge entries: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>
#include <mortise/where.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry.hpp"

namespace projects {

enum class EntryOrder : std::uint8_t { newest, lastRelevant, confidence };

// What a list of entries is asked for; what is absent is not asked.
struct EntryFilter {
  std::optional<EntryType> type{};
  std::optional<bool> pending{};  // true: neither compiled nor dismissed; false: compiled
  std::optional<ClaimClass> claimClass{};
  std::optional<Freshness> freshness{};
  std::optional<bool> dismissed{};
  bool isLive = false;  // neither dismissed nor replaced
  std::optional<std::string> sessionId{};
  std::optional<std::string> personaName{};
  std::optional<AuthorClass> authorClass{};
  std::optional<std::string> sourcePart{};  // somewhere in its source_context, in the same case
  std::optional<std::string> textPart{};    // somewhere in its text, in any case; at least 3 characters
  EntryOrder order = EntryOrder::newest;
  std::optional<std::int64_t> before{};  // with the order `newest`: entries with a smaller number
  std::int64_t skip = 0;
  std::int64_t limit = 50;
};

// The index of the entries' words. It needs a text to take it out. Both throw db::Error.
void addWords(mortise::db::Session& session, bool isSqlite, std::string_view projectId, std::int64_t id,
              std::string_view content);
void removeWords(mortise::db::Session& session, bool isSqlite, std::string_view projectId, std::int64_t id,
                 std::string_view content);

// [worker]; every member throws db::Error.
class EntryStore {
 public:
  // How many hits, the newest, a search sorts that is to be in another order than the newest first.
  static constexpr std::size_t kMaxSorted = 5000;

  explicit EntryStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  EntryStore in(const mortise::Transaction& tx) const { return EntryStore(db_.in(tx)); }

  // Until the transaction ends nobody else adds to the project's knowledge or compiles it. First thing in each. Returns
  // how many entries the project has.
  std::int64_t hold(std::string_view projectId) const;

  // Adds it and sets its number. False: the project has `most` already. After hold().
  bool add(Entry& entry, std::int64_t most) const;
  std::optional<Entry> find(std::string_view projectId, std::int64_t id) const;
  // Those of the project, by number.
  std::vector<Entry> byIds(std::string_view projectId, const std::vector<std::int64_t>& ids) const;
  // Those of them that are claims, neither dismissed, replaced nor stale, by number.
  std::vector<Entry> liveClaims(std::string_view projectId, const std::vector<std::int64_t>& ids) const;
  // `stop` is called again and again; what it throws ends the reading.
  std::vector<Entry> list(std::string_view projectId, const EntryFilter& filter,
                          const std::function<void()>& stop) const;
  // Live entries whose text holds one of the words, newest first.
  std::vector<Entry> mentioning(std::string_view projectId, const std::vector<std::string>& words, std::size_t limit,
                                const std::function<void()>& stop) const;
  // Texts of the newest that are not dismissed.
  std::vector<std::string> newestTexts(std::string_view projectId, std::size_t count) const;
  // Live ones about the same thing.
  std::vector<std::int64_t> liveOfEntity(std::string_view projectId, std::string_view entityRef) const;

  // Of those that the user added since; counts no further than `most`.
  std::int64_t addedBy(std::string_view projectId, std::string_view userId, mortise::Time since,
                       std::int64_t most) const;
  std::int64_t claimsOf(std::string_view projectId, std::string_view sessionId, std::int64_t most) const;

  // Projects in which as many claims wait for a compilation as their settings name: ids, those that wait longest first.
  std::vector<std::string> projectsToCompile(std::size_t limit) const;

  // Adds `times` to the count of each.
  void countRetrieved(const std::vector<std::int64_t>& ids, std::int64_t times) const;
  void countUsed(const std::vector<std::int64_t>& ids, mortise::Time now) const;

 private:
  std::vector<std::int64_t> hits(std::string_view projectId, const EntryFilter& filter, std::int64_t before,
                                 std::size_t count) const;
  // Calls use(where) with conditions that some hits meet, the newest hits first, until no more are wanted: use() returns
  // how many still are. What meets the conditions has the words of the text, though perhaps not in a row.
  void eachHits(std::string_view projectId, const EntryFilter& filter, std::size_t count,
                const std::function<void()>& stop,
                const std::function<std::size_t(const mortise::db::Where& where)>& use) const;
  std::vector<Entry> search(std::string_view projectId, const EntryFilter& filter,
                            const std::function<void()>& stop) const;
  std::vector<Entry> searchSorted(std::string_view projectId, const EntryFilter& filter,
                                  const std::function<void()>& stop) const;
  void count(const char* change, const std::vector<std::int64_t>& ids,
             const std::vector<mortise::db::Parameter>& more) const;

  mortise::Db db_;
};

}  // namespace projects
