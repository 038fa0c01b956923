// The messages of a stored session, line by line.
#pragma once

#include <mortise/blobs.hpp>

#include <functional>

#include "archives/member_lines.hpp"
#include "library/captured_session.hpp"

namespace session_sharing {

// Calls use(line) for each line of messages.jsonl, as eachLine() does; false ends it early. Returns false, without a
// call, when the archive has no such file. `cancelled` is called again and again; what it throws ends the reading.
// Problems: 404 session_not_found (the blob is gone), those of ArchiveReader, 503. [worker]
bool eachMessageLine(const mortise::Blobs& blobs, const CapturedSession& session,
                     const std::function<void()>& cancelled, const std::function<bool(MemberLine& line)>& use);

// The archive of a session. Problem 404 session_not_found when the blob is gone, 503. [worker]
mortise::File openArchive(const mortise::Blobs& blobs, const CapturedSession& session);

}  // namespace session_sharing
