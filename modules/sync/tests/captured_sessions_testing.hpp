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
    // A place that a trigger counts up for each session has as many dead rows as sessions until the statement is over,
    // and PostgreSQL passes over all of them each time.
    const bool addsPlaces = !db().isSqlite();
    if (addsPlaces) run("ALTER TABLE sync_captured_sessions DISABLE TRIGGER sync_captured_placed");
    database().fill("sync_captured_sessions", rows,
                    {{"id", "'ses_' || n"},
                     {"user_id", "'user' || (n % 100)"},
                     {"title", "'Title'"},
                     {"alias", "CASE n % 20 WHEN 0 THEN 'alias' || n END"},
                     {"tags", "'[]'"},
                     {"source_tool", "'tool' || (n % 7)"},
                     {"tool_family", "'tool' || (n % 7)"},
                     {"message_count", "1"},
                     {"turn_count", "1"},
                     {"tool_use_count", "1"},
                     {"total_input_tokens", "1"},
                     {"total_output_tokens", "1"},
                     {"blob_key", "'blob' || n"},
                     {"blob_size_bytes", "10"},
                     {"etag", "'e' || n"},
                     {"created_at", "n"},
                     {"updated_at", "n"},
                     {"uploaded_at", "n"},
                     {"is_deleted", "CASE n % 10 WHEN 0 THEN 1 ELSE 0 END"},
                     {"deleted_at", "CASE n % 10 WHEN 0 THEN n END"},
                     {"purge_after", "CASE n % 10 WHEN 0 THEN n END"},
                     {"git_remote", "'owner/repo' || (n % 50)"},
                     {"instruction_artifacts", "'[]'"}});
    if (addsPlaces) {
      run("ALTER TABLE sync_captured_sessions ENABLE TRIGGER sync_captured_placed; "
          "INSERT INTO sync_captured_places (user_id, project_id, git_remote, sessions) "
          "SELECT user_id, COALESCE(project_id, ''), COALESCE(git_remote, ''), COUNT(*) FROM sync_captured_sessions "
          "WHERE is_deleted = 0 GROUP BY 1, 2, 3");
    }
    database().analyze();
  }
  // Adds the rows of the lists of such sessions, and their counts.
  void fillLists(std::int64_t rows) {
    for (const char* tag : {"''", "'ci'"}) {
      database().fill("sync_captured_listing", rows,
                      {{"session_id", "'ses_' || n"},
                       {"tag", tag},
                       {"user_id", "'user' || (n % 100)"},
                       {"is_deleted", "CASE n % 10 WHEN 0 THEN 1 ELSE 0 END"},
                       {"tool_family", "'tool' || (n % 7)"},
                       {"model", "CASE n % 5 WHEN 0 THEN '' ELSE 'm' || (n % 5) END"},
                       {"updated_at", "n"},
                       {"bytes", "10"}});
    }
    run("INSERT INTO sync_captured_counts (user_id, is_deleted, tag, tool_family, model, sessions, bytes) "
        "SELECT user_id, is_deleted, tag, tool_family, model, COUNT(*), SUM(bytes) FROM sync_captured_listing "
        "GROUP BY user_id, is_deleted, tag, tool_family, model");
    database().analyze();
  }
};

}  // namespace session_sharing
