#include "archives/message_lines.hpp"

#include <mortise/problem.hpp>

namespace session_sharing {

mortise::File openArchive(const mortise::Blobs& blobs, const CapturedSession& session) {
  try {
    return blobs.open(session.blobKey);
  } catch (const mortise::Problem& problem) {
    if (problem.status() != 404) throw;
    throw mortise::Problem(404, "session_not_found").note("the archive is gone: " + session.blobKey);
  }
}

bool eachMessageLine(const mortise::Blobs& blobs, const CapturedSession& session,
                     const std::function<void()>& cancelled, const std::function<bool(MemberLine& line)>& use) {
  const auto file = openArchive(blobs, session);
  return withMember(bytesOf(file), "messages.jsonl", cancelled,
                    [&](const ArchiveMember&, ArchiveReader& reader) { eachLine(reader, use); });
}

}  // namespace session_sharing
