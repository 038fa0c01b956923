// sessions/{id}/summary/narrative: a model tells what happened, beside the summary that needs none.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/metrics.hpp>
#include <mortise/models.hpp>
#include <mortise/module.hpp>

#include <string>

#include "archives/archive_threads.hpp"
#include "library/captured_session_store.hpp"
#include "settings/judges.hpp"
#include "summaries/summary_service.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class NarrativeOperations final : public sync_contract::narratives::Narratives {
 public:
  // `archives` read, and `models` wait for models that tell. They, `judges` and `summaries` outlive it.
  NarrativeOperations(mortise::Host host, const Judges& judges, const SummaryService& summaries,
                      ArchiveThreads& archives, ArchiveThreads& models);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  void narrateSession(Request& request, const sync_contract::narratives::JudgeChoice& body) override;

  // Asks the model, once its question is read out of the archive.
  Reply narrate(const Request& request, const CapturedSession& session, const SessionSummary& summary,
                const std::string& questionText, const Judge& judge) const;
  std::string excerptOf(const Request& request, const CapturedSession& session) const;

  mortise::Blobs blobs_;
  mortise::models::Client client_;
  mortise::Counter done_, failed_;
  CapturedSessionStore sessions_;
  const Judges& judges_;
  const SummaryService& summaries_;
  ArchiveThreads& archives_;
  ArchiveThreads& models_;
};

}  // namespace session_sharing
