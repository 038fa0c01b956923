// Everybody's captured sessions, for administrators: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/paging.hpp>
#include <mortise/slice.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace session_sharing {

// What an administrator is shown of a session: nothing that was said in it.
struct ManagedSession {
  std::string id;
  std::string userId;
  std::string sourceTool;
  std::optional<std::string> modelId;
  std::int64_t messageCount = 0;
  std::int64_t blobSizeBytes = 0;
  mortise::Time createdAt;
  mortise::Time updatedAt;
  bool isDeleted = false;
  std::optional<mortise::Time> deletedAt;
  std::optional<mortise::Time> purgeAfter;

  static constexpr auto kFields =
      mortise::fields("sync_captured_sessions", mortise::field("id", &ManagedSession::id).key(),
                      mortise::field("user_id", &ManagedSession::userId),
                      mortise::field("source_tool", &ManagedSession::sourceTool),
                      mortise::field("model_id", &ManagedSession::modelId),
                      mortise::field("message_count", &ManagedSession::messageCount),
                      mortise::field("blob_size_bytes", &ManagedSession::blobSizeBytes),
                      mortise::field("created_at", &ManagedSession::createdAt),
                      mortise::field("updated_at", &ManagedSession::updatedAt),
                      mortise::field("is_deleted", &ManagedSession::isDeleted),
                      mortise::field("deleted_at", &ManagedSession::deletedAt),
                      mortise::field("purge_after", &ManagedSession::purgeAfter))
          .times(mortise::kIsoMicros);
};

// An empty optional asks for all.
struct ManagedQuery {
  std::optional<std::string> userId{};
  std::optional<std::string> sourceTool{};  // its whole family
  bool isDeleted = false;
};

// The sessions of one family of tools.
struct ToolSum {
  std::string toolFamily;
  std::int64_t sessions = 0;  // live ones
  std::int64_t bytes = 0;     // of their archives
  std::int64_t deleted = 0;   // in the trash
};

// [worker]; throws db::Error.
class AllSessions {
 public:
  explicit AllSessions(mortise::Db db) : db_(db) {}

  // Newest first.
  mortise::db::Slice<ManagedSession> list(const ManagedQuery& query, const mortise::Paging& paging) const;
  // By family. Reads a row for each user, tool and model.
  std::vector<ToolSum> sums() const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
