// What a session and a record are. Plain C++.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sync_sessions {

// Times are microseconds since the epoch.
struct Session {
  std::int64_t id = 0;
  std::string sessionId;
  std::string type;
  std::string category;
  std::string status;
  std::int64_t startedAt = 0;
  std::optional<std::int64_t> completedAt;
  std::int64_t total = 0;
  std::int64_t successful = 0;
  std::int64_t failed = 0;
  std::optional<std::int64_t> createdBy;
  std::int64_t createdAt = 0;
  std::int64_t updatedAt = 0;
};

struct Counters {
  std::int64_t synced = 0;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t deleted = 0;
};

struct Record {
  std::int64_t id = 0;
  std::string sessionId;
  std::int64_t instanceId = 0;
  std::optional<std::string> instanceName;
  std::string category;
  std::string status;
  std::optional<std::int64_t> startedAt;
  std::optional<std::int64_t> completedAt;
  Counters counters;
  std::optional<std::string> errorMessage;
  std::optional<std::string> details;  // JSON object
  std::int64_t createdAt = 0;
};

struct Target {
  std::int64_t instanceId = 0;
  std::string name;
};

}  // namespace sync_sessions
