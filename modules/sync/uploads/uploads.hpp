// Pushes in parts (contracts/uploads.yaml).
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>

#include <string_view>

#include "archives/held_blobs.hpp"
#include "archives/push_queue.hpp"
#include "archives/pushes.hpp"
#include "sync_contract.hpp"
#include "uploads/part_slots.hpp"
#include "uploads/upload_store.hpp"

namespace session_sharing {

class Uploads final : public sync_contract::uploads::SessionUploads {
 public:
  // What it is given must outlive it.
  Uploads(mortise::Host host, const Pushes& pushes, const HeldBlobs& held, PushQueue& queue);

  // In the module's start(): completions that the end of this server cut are pending again at once where it is the only
  // one.
  void begin() const;
  UploadStore& store() { return store_; }
  // The job: ends uploads whose time is over, removes the parts of those that ended, and forgets them in the end.
  void expire(mortise::JobRun& run);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply openUpload(const Request& request, const sync_contract::uploads::NewUpload& body) override;
  Reply readUpload(const Request& request) override;
  Reply abortUpload(const Request& request) override;
  Reply putPart(const Request& request) override;
  void completeUpload(Request& request) override;

  // The caller's upload that the path names; one whose time is over has ended by then. Problems: 403
  // email_not_verified, 404 upload_not_found.
  Upload own(const Request& request) const;
  void keepPart(const Request& request, const UploadPart& part, const mortise::File& file) const;
  PushReply complete(const Request& request, const Upload& upload) const;
  PushReply pushParts(const Request& request, const Upload& upload) const;
  // One blob of all parts. Problems: 409 missing_parts, 400 size_mismatch, 400 sha256_mismatch, 504.
  mortise::Blob assemble(const Request& request, const Upload& upload) const;
  mortise::Blob joined(const Request& request, const std::vector<UploadPart>& parts) const;
  void dropParts(std::string_view id) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Blobs blobs_;
  const Pushes& pushes_;
  const HeldBlobs& held_;
  PushQueue& queue_;
  UploadStore store_;
  PartSlots partSlots_;
};

}  // namespace session_sharing
