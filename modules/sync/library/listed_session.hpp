// A captured session as lists show it: the columns that they need. Its JSON is SessionSummary of the contract.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace session_sharing {

struct ListedSession {
  std::string id;
  std::optional<std::string> title;
  std::optional<std::string> alias;
  std::vector<std::string> tags;
  std::string sourceTool;
  std::optional<std::string> modelId;
  std::int64_t messageCount = 0;
  std::int64_t turnCount = 0;
  std::int64_t toolUseCount = 0;
  std::int64_t totalInputTokens = 0;
  std::int64_t totalOutputTokens = 0;
  std::int64_t blobSizeBytes = 0;
  std::string etag;
  std::optional<std::string> parentSessionId;
  mortise::Time createdAt;
  mortise::Time updatedAt;
  bool isDeleted = false;
  std::optional<mortise::Time> deletedAt;
  std::optional<std::string> deletedBy;
  std::optional<std::string> deleteScope;
  std::optional<mortise::Time> purgeAfter;

  static constexpr auto kFields =
      mortise::fields("sync_captured_sessions", mortise::field("id", &ListedSession::id).key(),
                      mortise::field("title", &ListedSession::title), mortise::field("alias", &ListedSession::alias),
                      mortise::field("tags", &ListedSession::tags),
                      mortise::field("source_tool", &ListedSession::sourceTool),
                      mortise::field("model_id", &ListedSession::modelId),
                      mortise::field("message_count", &ListedSession::messageCount),
                      mortise::field("turn_count", &ListedSession::turnCount),
                      mortise::field("tool_use_count", &ListedSession::toolUseCount),
                      mortise::field("total_input_tokens", &ListedSession::totalInputTokens),
                      mortise::field("total_output_tokens", &ListedSession::totalOutputTokens),
                      mortise::field("blob_size_bytes", &ListedSession::blobSizeBytes),
                      mortise::field("etag", &ListedSession::etag),
                      mortise::field("parent_session_id", &ListedSession::parentSessionId),
                      mortise::field("created_at", &ListedSession::createdAt),
                      mortise::field("updated_at", &ListedSession::updatedAt),
                      mortise::field("is_deleted", &ListedSession::isDeleted),
                      mortise::field("deleted_at", &ListedSession::deletedAt),
                      mortise::field("deleted_by", &ListedSession::deletedBy),
                      mortise::field("delete_scope", &ListedSession::deleteScope),
                      mortise::field("purge_after", &ListedSession::purgeAfter))
          .times(mortise::kIsoMicros);
};

}  // namespace session_sharing
