// A person's session with a coding agent, as a client pushed it: its fields, their columns and their JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace session_sharing {

// The longest that people give by hand, in characters.
inline constexpr std::size_t kGivenTitle = 500;
inline constexpr std::size_t kGivenTag = 50;

// What an archive says about its session: every push replaces it.
struct SessionMetadata {
  std::optional<std::string> title;
  std::vector<std::string> tags;
  std::string sourceTool = "unknown";
  std::optional<std::string> sourceToolVersion;
  std::optional<std::string> originalSessionId;
  std::optional<std::string> modelProvider;
  std::optional<std::string> modelId;
  std::int64_t messageCount = 0;
  std::int64_t turnCount = 0;
  std::int64_t toolUseCount = 0;
  std::int64_t totalInputTokens = 0;
  std::int64_t totalOutputTokens = 0;
  std::optional<std::int64_t> durationMs;
  std::optional<std::string> parentSessionId;
  std::optional<std::string> retrievalAuditId;
  std::optional<std::string> gitRemote;  // normalised
  std::optional<std::string> gitBranch;
  std::optional<std::string> gitCommit;
  std::optional<std::string> personaName;
  std::optional<std::string> ticketId;
  std::optional<std::string> rulesSource;
  std::optional<std::int64_t> rulesVersion;
  std::optional<std::string> rulesHash;
  std::string instructionArtifacts = "[]";  // JSON

  friend bool operator==(const SessionMetadata&, const SessionMetadata&) = default;
};

// Its JSON is SessionDetail of the contract.
struct CapturedSession {
  std::string id;
  std::string userId;
  std::optional<std::string> alias;
  SessionMetadata metadata;
  std::string toolFamily = "unknown";  // of metadata.sourceTool
  std::string blobKey;
  std::int64_t blobSizeBytes = 0;
  std::string etag;  // SHA-256 of the archive, 64 hex digits
  mortise::Time createdAt;
  mortise::Time updatedAt;
  mortise::Time uploadedAt;
  bool isDeleted = false;
  std::optional<mortise::Time> deletedAt;
  std::optional<std::string> deletedBy;
  std::optional<std::string> deleteScope;  // cloud, both
  std::optional<mortise::Time> purgeAfter;
  std::optional<std::string> dlpScanResults;  // JSON text
  std::optional<std::string> projectId;

  static constexpr auto kFields =
      mortise::fields(
          "sync_captured_sessions", mortise::field("id", &CapturedSession::id).key(),
          mortise::field("user_id", &CapturedSession::userId).fixed().hidden(),
          mortise::field("title", &CapturedSession::metadata, &SessionMetadata::title),
          mortise::field("alias", &CapturedSession::alias),
          mortise::field("tags", &CapturedSession::metadata, &SessionMetadata::tags),
          mortise::field("source_tool", &CapturedSession::metadata, &SessionMetadata::sourceTool),
          mortise::field("tool_family", &CapturedSession::toolFamily).hidden(),
          mortise::field("source_tool_version", &CapturedSession::metadata, &SessionMetadata::sourceToolVersion),
          mortise::field("original_session_id", &CapturedSession::metadata, &SessionMetadata::originalSessionId),
          mortise::field("model_provider", &CapturedSession::metadata, &SessionMetadata::modelProvider),
          mortise::field("model_id", &CapturedSession::metadata, &SessionMetadata::modelId),
          mortise::field("message_count", &CapturedSession::metadata, &SessionMetadata::messageCount),
          mortise::field("turn_count", &CapturedSession::metadata, &SessionMetadata::turnCount),
          mortise::field("tool_use_count", &CapturedSession::metadata, &SessionMetadata::toolUseCount),
          mortise::field("total_input_tokens", &CapturedSession::metadata, &SessionMetadata::totalInputTokens),
          mortise::field("total_output_tokens", &CapturedSession::metadata, &SessionMetadata::totalOutputTokens),
          mortise::field("duration_ms", &CapturedSession::metadata, &SessionMetadata::durationMs),
          mortise::field("blob_key", &CapturedSession::blobKey).hidden(),
          mortise::field("blob_size_bytes", &CapturedSession::blobSizeBytes),
          mortise::field("etag", &CapturedSession::etag),
          mortise::field("parent_session_id", &CapturedSession::metadata, &SessionMetadata::parentSessionId),
          mortise::field("created_at", &CapturedSession::createdAt).fixed(),
          mortise::field("updated_at", &CapturedSession::updatedAt),
          mortise::field("uploaded_at", &CapturedSession::uploadedAt),
          mortise::field("is_deleted", &CapturedSession::isDeleted),
          mortise::field("deleted_at", &CapturedSession::deletedAt),
          mortise::field("deleted_by", &CapturedSession::deletedBy),
          mortise::field("delete_scope", &CapturedSession::deleteScope),
          mortise::field("purge_after", &CapturedSession::purgeAfter),
          mortise::field("dlp_scan_results", &CapturedSession::dlpScanResults),
          mortise::field("retrieval_audit_id", &CapturedSession::metadata, &SessionMetadata::retrievalAuditId),
          mortise::field("git_remote", &CapturedSession::metadata, &SessionMetadata::gitRemote).hidden(),
          mortise::field("git_branch", &CapturedSession::metadata, &SessionMetadata::gitBranch).hidden(),
          mortise::field("git_commit", &CapturedSession::metadata, &SessionMetadata::gitCommit).hidden(),
          mortise::field("project_id", &CapturedSession::projectId).hidden(),
          mortise::field("persona_name", &CapturedSession::metadata, &SessionMetadata::personaName).hidden(),
          mortise::field("ticket_id", &CapturedSession::metadata, &SessionMetadata::ticketId).hidden(),
          mortise::field("rules_source", &CapturedSession::metadata, &SessionMetadata::rulesSource).hidden(),
          mortise::field("rules_version", &CapturedSession::metadata, &SessionMetadata::rulesVersion).hidden(),
          mortise::field("rules_hash", &CapturedSession::metadata, &SessionMetadata::rulesHash).hidden(),
          mortise::field("instruction_artifacts", &CapturedSession::metadata, &SessionMetadata::instructionArtifacts)
              .hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace session_sharing
