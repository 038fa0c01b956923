// Indexes of messages: the blocks (message_blocks.hpp) of each archive that was read by page, in a blob beside it. One
// goes with the last session that holds its archive (held_blobs.hpp).
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <functional>
#include <optional>
#include <string>

#include "archives/held_blobs.hpp"
#include "library/captured_session_store.hpp"
#include "library/message_blocks.hpp"

namespace session_sharing {

// [worker] and the threads that read archives.
class MessageIndexes {
 public:
  MessageIndexes(mortise::Host host, const HeldBlobs& held);

  // The index of the session's archive; empty when none was made yet.
  std::optional<MessageBlocks> find(const CapturedSession& session) const;
  // Makes it from the whole archive, in bounded memory, and keeps it. `cancelled` is called again and again; what it
  // throws ends the reading. Problems: 404 session_not_found (the archive is gone), 503, and those of ArchiveReader.
  MessageBlocks make(const CapturedSession& session, const std::function<void()>& cancelled) const;
  // One that turned out to be damaged: it is made again.
  void forget(const CapturedSession& session) const;

 private:
  std::optional<std::string> keyOf(const CapturedSession& session) const;
  MessageBlocks open(const std::string& key) const;
  mortise::Blob write(const CapturedSession& session, const std::function<void()>& cancelled) const;
  // False when the archive is gone, or another index of it is kept already.
  bool keep(const CapturedSession& session, const mortise::Blob& blob) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Blobs blobs_;
  const HeldBlobs& held_;
  CapturedSessionStore store_;
  mortise::Counter made_;
};

}  // namespace session_sharing
