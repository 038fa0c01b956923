#include "library/captured_sessions_interface.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <utility>

namespace {

mortise_str borrowed(const std::optional<std::string>& text) {
  return text ? mortise_str{text->data(), text->size()} : mortise_str{"", 0};
}

}  // namespace

mortise_captured_session mortise::Crossing<session_sharing::CapturedSession>::to(
    const session_sharing::CapturedSession& session) {
  mortise_captured_session c{};
  c.struct_size = sizeof c;
  c.id = mortise::detail::str(session.id);
  c.user_id = mortise::detail::str(session.userId);
  c.project_id = borrowed(session.projectId);
  c.git_remote = borrowed(session.metadata.gitRemote);
  c.title = borrowed(session.metadata.title);
  c.etag = mortise::detail::str(session.etag);
  c.updated_at = mortise::micros(session.updatedAt);
  return c;
}

namespace session_sharing {
namespace {

using mortise::Problem;
using mortise::Served;

constexpr std::int64_t kMaxPlaces = 10000;
constexpr std::int64_t kMaxNewest = 100;
constexpr std::size_t kMaxProjects = 500;
constexpr std::chrono::minutes kMaxWait{2};  // for a thread
constexpr std::chrono::minutes kMaxReading{2};

Problem noThread() {
  return Problem(503, "unavailable").note("no thread was free in time to read an archive for a summary");
}

}  // namespace

CapturedSessionsInterface::CapturedSessionsInterface(mortise::Host host, const SummaryService& summaries,
                                                     ArchiveThreads& threads)
    : Serving(host.log(), "captured sessions can't be read"),
      sessions_(host.db()),
      places_(host.db()),
      summaries_(summaries),
      threads_(threads),
      table_{sizeof table_,
             this,
             Served<&CapturedSessionsInterface::hasAny>::call,
             Served<&CapturedSessionsInterface::places>::call,
             Served<&CapturedSessionsInterface::newest>::call,
             Served<&CapturedSessionsInterface::find>::call,
             Served<&CapturedSessionsInterface::summary>::call,
             Served<&CapturedSessionsInterface::moveProject>::call,
             Served<&CapturedSessionsInterface::pendingHandoffOfPersona>::call} {}

bool CapturedSessionsInterface::hasAny(std::string_view userId, std::string_view projectId,
                                       const std::vector<std::string>& remotes) {
  return places_.hasAny(userId, projectId, remotes);
}

void CapturedSessionsInterface::places(std::string_view userId,
                                       const mortise::Sink<std::string, std::string, std::int64_t>& sink) {
  places_.each(userId, kMaxPlaces,
               [&](const std::string& projectId, const std::string& gitRemote, std::int64_t sessions) {
                 sink(projectId, gitRemote, sessions);
               });
}

void CapturedSessionsInterface::newest(std::string_view userId, std::string_view gitRemote, std::int64_t limit,
                                       const mortise::Sink<CapturedSession>& sink) {
  if (limit < 1 || limit > kMaxNewest) throw Problem(422, "limit_invalid").note("limit is 1 to 100");
  if (gitRemote.empty()) return;
  for (const auto& session : places_.newest(userId, gitRemote, limit)) sink(session);
}

CapturedSession CapturedSessionsInterface::live(std::string_view sessionId) const {
  auto session = sessions_.find(sessionId);
  if (!session || session->isDeleted) throw Problem(404, "session_not_found");
  return std::move(*session);
}

void CapturedSessionsInterface::find(std::string_view sessionId, const mortise::Sink<CapturedSession>& sink) {
  sink(live(sessionId));
}

void CapturedSessionsInterface::summary(std::string_view sessionId,
                                        const mortise::Sink<std::string, std::string>& sink) {
  const auto session = live(sessionId);
  const auto give = [&](const SessionSummary& summary) {
    sink(summary.etag, mortise::json::from(summary).build().text());
  };
  if (const auto summary = summaries_.find(session)) return give(*summary);

  // Archives are read on their own threads; this one waits.
  using Clock = std::chrono::steady_clock;
  const auto latestStart = Clock::now() + kMaxWait;
  const auto done = std::make_shared<std::promise<SessionSummary>>();
  auto waiting = done->get_future();
  threads_.post(
      session.userId,
      [this, done, session, latestStart] {
        try {
          // The time of reading does not count from the queue, or it would be over before it began.
          const auto start = Clock::now();
          if (start > latestStart) throw noThread();
          done->set_value(summaries_.summaryOf(session, [until = start + kMaxReading] {
            if (Clock::now() > until)
              throw Problem(503, "unavailable").note("reading an archive for a summary took too long");
          }));
        } catch (...) {
          done->set_exception(std::current_exception());
        }
      },
      [done] {
        done->set_exception(std::make_exception_ptr(Problem(503, "overloaded").note("too many archives wait")));
      });
  if (waiting.wait_until(latestStart + kMaxReading) != std::future_status::ready) throw noThread();
  give(waiting.get());
}

void CapturedSessionsInterface::moveProject(std::string_view from, std::string_view into) {
  if (from.empty()) throw Problem(422, "project_missing").note("no project to move from");
  places_.moveProject(from, into);
}

bool CapturedSessionsInterface::pendingHandoffOfPersona(const std::vector<std::string>& projectIds,
                                                        std::string_view personaName) {
  if (projectIds.size() > kMaxProjects) throw Problem(422, "too_many_projects").note("at most 500 projects");
  return places_.hasPendingHandoff(projectIds, personaName, mortise::now());
}

}  // namespace session_sharing
