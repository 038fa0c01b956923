// Makes summaries of sessions from their archives, and keeps them.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/host.hpp>

#include <functional>
#include <optional>

#include "summaries/summary_store.hpp"

namespace session_sharing {

// [worker] and the threads that read archives; whatever makes a summary belongs on these.
class SummaryService {
 public:
  explicit SummaryService(mortise::Host host) : blobs_(host.blobs()), store_(host.db()) {}

  // The summary that is kept, when it is of the session's archive as it is now.
  std::optional<SessionSummary> find(const CapturedSession& session) const;
  // That, else a new one, which is kept. `cancelled` is called again and again; what it throws ends the reading.
  // Problems: 404 session_not_found (it or its archive is gone), 422 summary_no_messages, and those of ArchiveReader.
  SessionSummary summaryOf(const CapturedSession& session, const std::function<void()>& cancelled) const;
  // Always a new one, which is kept; what a model made of the session stays.
  SessionSummary makeSummary(const CapturedSession& session, const std::function<void()>& cancelled) const;

  const SummaryStore& store() const { return store_; }
  SummaryStore& store() { return store_; }

 private:
  mortise::Blobs blobs_;
  SummaryStore store_;
};

}  // namespace session_sharing
