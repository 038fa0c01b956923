// Summaries of sessions over HTTP.
#pragma once

#include <mortise/module.hpp>

#include "archives/archive_threads.hpp"
#include "library/captured_session_store.hpp"
#include "summaries/summary_service.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class SummaryOperations final : public sync_contract::summaries::SessionSummaries {
 public:
  SummaryOperations(mortise::Host host, const SummaryService& service, ArchiveThreads& threads)
      : store_(host.db()), service_(service), threads_(threads) {}

 private:
  void readSessionSummary(mortise::Request& request) override;
  void makeSessionSummary(mortise::Request& request) override;
  mortise::Reply listSummaries(const mortise::Request& request) override;

  CapturedSessionStore store_;
  const SummaryService& service_;
  ArchiveThreads& threads_;
};

}  // namespace session_sharing
