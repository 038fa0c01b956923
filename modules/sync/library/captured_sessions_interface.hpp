// sync.captured_sessions/1: captured sessions as other modules may know them, as a table of C functions.
#pragma once

#include <mortise/abi/captured_sessions.h>
#include <mortise/host.hpp>
#include <mortise/served.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archives/archive_threads.hpp"
#include "library/captured_session_store.hpp"
#include "library/session_places.hpp"
#include "summaries/summary_service.hpp"

template <>
struct mortise::Crossing<session_sharing::CapturedSession> {
  static mortise_captured_session to(const session_sharing::CapturedSession& session);
};

namespace session_sharing {

// [worker] [start]
class CapturedSessionsInterface : public mortise::Serving {
 public:
  CapturedSessionsInterface(mortise::Host host, const SummaryService& summaries, ArchiveThreads& threads);

  bool hasAny(std::string_view userId, std::string_view projectId, const std::vector<std::string>& remotes);
  void places(std::string_view userId, const mortise::Sink<std::string, std::string, std::int64_t>& sink);
  void newest(std::string_view userId, std::string_view gitRemote, std::int64_t limit,
              const mortise::Sink<CapturedSession>& sink);
  void find(std::string_view sessionId, const mortise::Sink<CapturedSession>& sink);
  void summary(std::string_view sessionId, const mortise::Sink<std::string, std::string>& sink);
  void moveProject(std::string_view from, std::string_view into);
  bool pendingHandoffOfPersona(const std::vector<std::string>& projectIds, std::string_view personaName);

  const mortise_captured_sessions_v1* table() const { return &table_; }

 private:
  CapturedSession live(std::string_view sessionId) const;  // Problem 404 session_not_found

  CapturedSessionStore sessions_;
  SessionPlaces places_;
  const SummaryService& summaries_;
  ArchiveThreads& threads_;
  mortise_captured_sessions_v1 table_;
};

}  // namespace session_sharing
