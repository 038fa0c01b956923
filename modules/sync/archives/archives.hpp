// Push and pull of captured sessions (contracts/archives.yaml).
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/host.hpp>

#include <cstdint>
#include <functional>
#include <optional>

#include "archives/archive_threads.hpp"
#include "archives/push_queue.hpp"
#include "archives/pushes.hpp"
#include "library/captured_session_store.hpp"
#include "projects/project_lookup.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class Archives final : public sync_contract::archives::SessionArchives {
 public:
  // What it is given must outlive it.
  Archives(mortise::Host host, const Pushes& pushes, const ProjectLookup& projects, ArchiveThreads& threads,
           PushQueue& queue);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  void pushSession(Request& request) override;
  Reply pullSession(const Request& request) override;
  Reply downloadSession(const Request& request) override;
  void uploadSession(Request& request) override;
  void readWorkspace(Request& request) override;
  void readTools(Request& request) override;
  Reply readProvenance(const Request& request) override;
  Reply readRetrievalLog(const Request& request) override;

  // `stored`: the blob that the archive lies in already.
  using Work = std::function<PushReply(const Request& request, const mortise::File& archive,
                                       const std::optional<mortise::Blob>& stored)>;
  // Calls `work` on a thread for archives, with the part `file` of the form, when the user has a slot. There is
  // one: see requireUpload(). Problem 413 payload_too_large.
  void withUpload(const Request& request, std::uint64_t most, Work work);
  PushReply runWithFile(const Request& request, const Work& work) const;
  void readJsonMember(const Request& request, const char* file, const char* member);

  mortise::Blobs blobs_;
  std::uint64_t maxUpload_;
  const Pushes& pushes_;
  const ProjectLookup& projects_;
  ArchiveThreads& threads_;
  PushQueue& queue_;
  CapturedSessionStore store_;
};

}  // namespace session_sharing
