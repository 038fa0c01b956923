// Captured sessions for tests, and a database for their stores.
#pragma once

#include <mortise/testing/test_database.hpp>

#include <string>

#include "library/captured_session.hpp"

namespace session_sharing {

// One of "ada", at second `second`.
inline CapturedSession captured(const std::string& id, std::int64_t second = 1000, const std::string& userId = "ada") {
  CapturedSession out;
  out.id = id;
  out.userId = userId;
  out.metadata.title = "Title of " + id;
  out.metadata.sourceTool = "claude-code";
  out.blobKey = "blob-" + id;
  out.blobSizeBytes = 100;
  out.etag = "etag-" + id;
  out.createdAt = out.updatedAt = out.uploadedAt = mortise::timeOf(second * 1'000'000);
  return out;
}

class CapturedSessionTest : public mortise::testing::DatabaseTest {
 protected:
  CapturedSessionTest() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  // Adds `rows` sessions of 100 users, past the store: for plans.
  void fillSessions(std::int64_t rows) {
    // In parts: with all its indexes the table takes long to fill, and a statement may not.
    constexpr std::int64_t kParts = 10;
    for (std::int64_t part = 0; part < kParts; ++part) {
      const auto n = "(n + " + std::to_string(part * rows / kParts) + ")";
      const auto user = "'user' || (" + n + " % 100)", deleted = "CASE " + n + " % 10 WHEN 0 THEN 1 ELSE 0 END",
                 family = "'tool' || (" + n + " % 7)";
      database().fill("sync_captured_sessions", rows / kParts,
                      {{"id", "'ses_' || " + n},
                       {"user_id", user},
                       {"title", "'Title'"},
                       {"alias", "CASE " + n + " % 20 WHEN 0 THEN 'alias' || " + n + " END"},
                       {"tags", "'[]'"},
                       {"source_tool", family},
                       {"tool_family", family},
                       {"message_count", "1"},
                       {"turn_count", "1"},
                       {"tool_use_count", "1"},
                       {"total_input_tokens", "1"},
                       {"total_output_tokens", "1"},
                       {"blob_key", "'blob' || " + n},
                       {"blob_size_bytes", "10"},
                       {"etag", "'e' || " + n},
                       {"created_at", n},
                       {"updated_at", n},
                       {"uploaded_at", n},
                       {"is_deleted", deleted},
                       {"deleted_at", "CASE " + n + " % 10 WHEN 0 THEN " + n + " END"},
                       {"purge_after", "CASE " + n + " % 10 WHEN 0 THEN " + n + " END"},
                       {"git_remote", "'owner/repo' || (" + n + " % 50)"},
                       {"instruction_artifacts", "'[]'"}});
    }
    database().analyze();
  }
  // Adds the rows of the lists of such sessions, and their counts.
  void fillLists(std::int64_t rows) {
    constexpr std::int64_t kParts = 10;
    for (std::int64_t part = 0; part < kParts; ++part) {
      const auto n = "(n + " + std::to_string(part * rows / kParts) + ")";
      const auto model = "CASE " + n + " % 5 WHEN 0 THEN '' ELSE 'm' || (" + n + " % 5) END";
      for (const char* tag : {"''", "'ci'"}) {
        database().fill("sync_captured_listing", rows / kParts,
                        {{"session_id", "'ses_' || " + n},
                         {"tag", tag},
                         {"user_id", "'user' || (" + n + " % 100)"},
                         {"is_deleted", "CASE " + n + " % 10 WHEN 0 THEN 1 ELSE 0 END"},
                         {"tool_family", "'tool' || (" + n + " % 7)"},
                         {"model", model},
                         {"updated_at", n},
                         {"bytes", "10"}});
      }
    }
    run("INSERT INTO sync_captured_counts (user_id, is_deleted, tag, tool_family, model, sessions, bytes) "
        "SELECT user_id, is_deleted, tag, tool_family, model, COUNT(*), SUM(bytes) FROM sync_captured_listing "
        "GROUP BY user_id, is_deleted, tag, tool_family, model");
    database().analyze();
  }
};

}  // namespace session_sharing
