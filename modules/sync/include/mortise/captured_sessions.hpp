// What other modules may know of people's sessions with coding agents: sync.captured_sessions/1, offered by the module
// sync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/captured_sessions.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

struct KnownSession {
  std::string id;
  std::string userId;
  std::string projectId;       // that it was filed under; empty: none
  std::string gitRemote;       // normalised; empty: none
  std::string title;           // empty: none
  std::string etag;            // of its archive: changes with each push
  std::int64_t updatedAt = 0;  // microseconds since the epoch
};

// Of what a user's sessions are, and how many of each pair.
struct SessionPlace {
  std::string projectId;  // empty: filed under none
  std::string gitRemote;  // empty: none
  std::int64_t sessions = 0;
};

struct KnownSummary {
  std::string etag;  // of the archive that it was made from
  std::string json;  // an object, Summary of the API
};

// Look it up where it is used; without the module nobody has a session:
//   if (auto sessions = host_.optional<mortise::CapturedSessionsFace>()) sessions->places(userId);
// In a transaction: tx.call([&] { sessions->moveProject(from, into); }).
// [worker] [start]. Failures throw Problem: 422, 503.
class CapturedSessionsFace {
 public:
  using Table = mortise_captured_sessions_v1;
  static constexpr const char* kInterface = MORTISE_CAPTURED_SESSIONS_V1;
  CapturedSessionsFace(mortise_host*, const Table* table) noexcept : table_(table) {}

  // Has the user a session that was filed under the project, or is of one of these remotes?
  bool hasAny(std::string_view user_id, std::string_view project_id, const std::vector<std::string>& remotes) const {
    const auto c = borrowed(remotes);
    std::int32_t answer = 0;
    auto error = detail::noError();
    check(table_->has_any(table_->context, detail::str(user_id), detail::str(project_id), c.data(), c.size(), &answer,
                          &error),
          error);
    return answer != 0;
  }
  // The 10000 pairs with the most sessions.
  std::vector<SessionPlace> places(std::string_view user_id) const {
    detail::SinkResult<std::vector<SessionPlace>> got;
    got.value.emplace();
    auto error = detail::noError();
    check(table_->places(
              table_->context, detail::str(user_id),
              [](void* context, mortise_str project, mortise_str remote, std::int64_t sessions) {
                auto& out = *static_cast<detail::SinkResult<std::vector<SessionPlace>>*>(context);
                out.keep([&] { out.value->push_back({detail::copied(project), detail::copied(remote), sessions}); });
              },
              &got, &error),
          error);
    return std::move(got.finish(kInterface));
  }
  // The last pushed first, at most `limit` (1..100).
  std::vector<KnownSession> newest(std::string_view user_id, std::string_view git_remote, std::int64_t limit) const {
    detail::SinkResult<std::vector<KnownSession>> got;
    got.value.emplace();
    auto error = detail::noError();
    check(table_->newest(
              table_->context, detail::str(user_id), detail::str(git_remote), limit,
              [](void* context, const mortise_captured_session* c) {
                auto& out = *static_cast<detail::SinkResult<std::vector<KnownSession>>*>(context);
                out.keep([&] { out.value->push_back(copied(*c)); });
              },
              &got, &error),
          error);
    return std::move(got.finish(kInterface));
  }
  std::optional<KnownSession> find(std::string_view session_id) const {
    detail::SinkResult<KnownSession> got;
    auto error = detail::noError();
    const auto status = table_->find(
        table_->context, detail::str(session_id),
        [](void* context, const mortise_captured_session* c) {
          auto& out = *static_cast<detail::SinkResult<KnownSession>*>(context);
          out.keep([&] { out.value = copied(*c); });
        },
        &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Reads the archive where no summary of it is kept: up to four minutes, and not in a transaction. Empty: there is no
  // such session. Problem 422: it has no messages; 503: too much waits.
  std::optional<KnownSummary> summary(std::string_view session_id) const {
    detail::SinkResult<KnownSummary> got;
    auto error = detail::noError();
    const auto status = table_->summary(
        table_->context, detail::str(session_id),
        [](void* context, mortise_str etag, mortise_str json) {
          auto& out = *static_cast<detail::SinkResult<KnownSummary>*>(context);
          out.keep([&] { out.value = KnownSummary{detail::copied(etag), detail::copied(json)}; });
        },
        &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Sessions filed under `from`, those in the trash too, are filed under `into` from now on; empty: under none.
  void moveProject(std::string_view from, std::string_view into) const {
    auto error = detail::noError();
    check(table_->move_project(table_->context, detail::str(from), detail::str(into), &error), error);
  }
  // Waits a handoff to be claimed that names this persona in one of these projects, at most 500? The name as the
  // project writes it.
  bool pendingHandoffOfPersona(const std::vector<std::string>& project_ids, std::string_view persona_name) const {
    const auto c = borrowed(project_ids);
    std::int32_t answer = 0;
    auto error = detail::noError();
    check(table_->pending_handoff_of_persona(table_->context, c.data(), c.size(), detail::str(persona_name), &answer,
                                             &error),
          error);
    return answer != 0;
  }

 private:
  static std::vector<mortise_str> borrowed(const std::vector<std::string>& texts) {
    std::vector<mortise_str> c;
    c.reserve(texts.size());
    for (const auto& text : texts) c.push_back(detail::str(text));
    return c;
  }
  static KnownSession copied(const mortise_captured_session& c) {
    return {detail::copied(c.id),
            detail::copied(c.user_id),
            detail::copied(c.project_id),
            detail::copied(c.git_remote),
            detail::copied(c.title),
            detail::copied(c.etag),
            c.updated_at};
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  const Table* table_;
};

}  // namespace mortise::inline sdk1
