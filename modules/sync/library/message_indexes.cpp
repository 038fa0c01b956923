#include "library/message_indexes.hpp"

#include <mortise/file.hpp>
#include <mortise/problem.hpp>

#include <memory>
#include <utility>

#include "archives/message_lines.hpp"

namespace session_sharing {
namespace {

using mortise::Problem;
using mortise::Transaction;

// How often one is made when a removal of the same bytes comes between.
constexpr int kAttempts = 3;

}  // namespace

MessageIndexes::MessageIndexes(mortise::Host host, const HeldBlobs& held)
    : log_(host.log()),
      db_(host.db()),
      blobs_(host.blobs()),
      held_(held),
      store_(host.db()),
      made_(host.metrics().counter("message_indexes_made_total", "Indexes of messages made of archives")) {}

std::optional<std::string> MessageIndexes::keyOf(const CapturedSession& session) const {
  return db_.queryOne<std::string>("SELECT blob_key FROM sync_message_indexes WHERE archive_key = :archive",
                                   {{"archive", session.blobKey}});
}

MessageBlocks MessageIndexes::open(const std::string& key) const {
  const auto file = std::make_shared<mortise::File>(blobs_.open(key));
  return {file->size(),
          [file](std::uint64_t offset, char* buffer, std::size_t size) { return file->read(offset, buffer, size); }};
}

std::optional<MessageBlocks> MessageIndexes::find(const CapturedSession& session) const {
  const auto key = keyOf(session);
  if (!key) return std::nullopt;
  try {
    return open(*key);
  } catch (const BlocksDamaged& error) {
    log_.warning("an index of messages is damaged and made again", {{"blob", *key}, {"reason", error.what()}});
  } catch (const Problem& problem) {
    if (problem.status() != 404) throw;
    log_.warning("an index of messages is missing and made again", {{"blob", *key}});
  }
  forget(session);
  return std::nullopt;
}

mortise::Blob MessageIndexes::write(const CapturedSession& session, const std::function<void()>& cancelled) const {
  auto file = blobs_.writer();
  MessageBlocksWriter blocks([&](std::string_view piece) { file.write(piece); });
  eachMessageLine(blobs_, session, cancelled, [&](MemberLine& line) {
    blocks.add(line.number, line.text);
    return true;
  });
  blocks.finish();
  return file.finish();
}

bool MessageIndexes::keep(const CapturedSession& session, const mortise::Blob& blob) const {
  return db_.transaction([&](Transaction& tx) {
    if (!held_.hold(tx, session.blobKey) || !store_.in(tx).holds(session.blobKey)) return false;
    if (!held_.hold(tx, blob.key)) return false;
    return tx.execute(
               "INSERT INTO sync_message_indexes (archive_key, blob_key) VALUES (:archive, :blob) "
               "ON CONFLICT (archive_key) DO NOTHING",
               {{"archive", session.blobKey}, {"blob", blob.key}}) > 0;
  });
}

MessageBlocks MessageIndexes::make(const CapturedSession& session, const std::function<void()>& cancelled) const {
  for (int attempt = 1;; ++attempt) {
    const auto blob = write(session, cancelled);
    const bool isKept = keep(session, blob);
    if (!isKept && keyOf(session) != blob.key) held_.drop(blob.key);
    const auto key = keyOf(session);
    if (key && blobs_.stat(*key)) {
      if (isKept) made_.add();
      return open(*key);
    }
    if (key) forget(session);  // one of before whose bytes are gone
    if (!key && !store_.holds(session.blobKey))
      throw Problem(404, "session_not_found").note("the archive is gone: " + session.blobKey);
    if (attempt == kAttempts) throw Problem(503, "unavailable").retryAfter(1).note("an index of messages goes missing");
  }
}

void MessageIndexes::forget(const CapturedSession& session) const {
  const auto key = db_.write().queryOne<std::string>(
      "DELETE FROM sync_message_indexes WHERE archive_key = :archive RETURNING blob_key",
      {{"archive", session.blobKey}});
  if (key) held_.drop(*key);
}

}  // namespace session_sharing
