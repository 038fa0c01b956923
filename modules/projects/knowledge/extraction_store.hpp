// The tables of sessions that wait to be looked through for knowledge: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// When it is due stands in the table alone.
struct Extraction {
  std::string sessionId;
  std::string userId;
  std::string etag;
  std::optional<std::string> projectId{};  // that asked for it; empty: the project that the session belongs to
  std::int64_t tries = 0;

  static constexpr auto kFields = mortise::fields(
      "projects_extractions", mortise::field("session_id", &Extraction::sessionId).key(),
      mortise::field("user_id", &Extraction::userId), mortise::field("etag", &Extraction::etag),
      mortise::field("project_id", &Extraction::projectId), mortise::field("tries", &Extraction::tries));
};

struct BackFill {
  std::string projectId;
  std::string userId;
  std::int64_t tries = 0;

  static constexpr auto kFields =
      mortise::fields("projects_back_fills", mortise::field("project_id", &BackFill::projectId).key(),
                      mortise::field("user_id", &BackFill::userId).key(), mortise::field("tries", &BackFill::tries));
};

// [worker]; every member throws db::Error.
class ExtractionStore {
 public:
  explicit ExtractionStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  ExtractionStore in(const mortise::Transaction& tx) const { return ExtractionStore(db_.in(tx)); }

  // Notes that the session is to be looked through. One that waits already waits on, with the newer archive.
  void request(const Extraction& extraction, mortise::Time at) const;
  // Notes that up to 20 of the user's newest sessions of the project's repositories are to be looked through.
  void requestBackFill(std::string_view projectId, std::string_view userId, mortise::Time at) const;

  std::vector<Extraction> due(mortise::Time now, std::size_t limit) const;
  std::vector<BackFill> backFills(std::size_t limit) const;
  void removeBackFill(const BackFill& backFill) const;
  // Tries again behind the others.
  void postpone(const BackFill& backFill, mortise::Time now) const;

  // False: that archive was looked through for the project before. In the transaction that adds what it tells.
  bool begin(std::string_view projectId, const Extraction& extraction, mortise::Time at) const;
  // Nothing is left to do, unless another archive was pushed meanwhile.
  void done(const Extraction& extraction) const;
  // Tries again later.
  void postpone(const Extraction& extraction, mortise::Time until) const;

  // Drops at most `limit` notes of archives looked through before `time`.
  std::int64_t forgetBefore(mortise::Time time, std::int64_t limit) const;
  void projectRemoved(std::string_view projectId) const;
  void userForgotten(std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
