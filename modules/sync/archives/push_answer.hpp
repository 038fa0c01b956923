// How a push is answered, whole or in parts.
#pragma once

#include <mortise/json.hpp>
#include <mortise/reply.hpp>
#include <mortise/time.hpp>

#include <functional>

#include "archives/pushes.hpp"

namespace session_sharing {

// `timeName`: synced_at, uploaded_at.
inline mortise::json::Value pushAnswer(const CapturedSession& session, const char* timeName) {
  return mortise::json::object({{"session_id", session.id},
                                {"etag", session.etag},
                                {"blob_size_bytes", session.blobSizeBytes},
                                {timeName, mortise::isoTime(session.uploadedAt, mortise::kIsoMicros)}});
}

struct PushReply {
  mortise::Reply reply;
  std::function<void()> cleanUp{};  // PushedSession::cleanUp
};

inline PushReply pushReply(const PushedSession& pushed, const char* timeName) {
  return {mortise::Reply::status(pushed.isNew ? 201 : 200, pushAnswer(pushed.session, timeName))
              .header("Server-Timing", pushed.timing),
          pushed.cleanUp};
}

}  // namespace session_sharing
