// What a session and a record are: their fields, their columns and their JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sync_sessions {

inline constexpr std::array<std::string_view, 4> kTypes = {"manual_single", "manual_batch", "manual_task",
                                                           "scheduled_task"};
inline constexpr std::array<std::string_view, 5> kCategories = {"account", "capacity", "config", "aggregation",
                                                                "other"};
inline constexpr std::array<std::string_view, 4> kStatuses = {"cancelled", "completed", "failed", "running"};

struct Session {
  std::int64_t id = 0;
  std::string sessionId;
  std::string type;
  std::string category;
  std::string status = "running";
  mortise::Time startedAt;
  std::optional<mortise::Time> completedAt;
  std::int64_t total = 0;
  std::int64_t successful = 0;
  std::int64_t failed = 0;
  std::optional<std::int64_t> createdBy;
  mortise::Time createdAt;
  mortise::Time updatedAt;
  std::string serverId;              // the process that works on it, see Servers; empty: that of the run
  std::optional<std::string> runId;  // of the job that reports it; see RunSessions

  static constexpr auto kFields =
      mortise::fields(
          "sync_sessions", mortise::field("id", &Session::id).key(), mortise::field("session_id", &Session::sessionId),
          mortise::field("sync_type", &Session::type), mortise::field("sync_category", &Session::category),
          mortise::field("status", &Session::status), mortise::field("started_at", &Session::startedAt),
          mortise::field("completed_at", &Session::completedAt), mortise::field("total_instances", &Session::total),
          mortise::field("successful_instances", &Session::successful),
          mortise::field("failed_instances", &Session::failed), mortise::field("created_by", &Session::createdBy),
          mortise::field("created_at", &Session::createdAt), mortise::field("updated_at", &Session::updatedAt),
          mortise::field("server_id", &Session::serverId).hidden(), mortise::field("run_id", &Session::runId).hidden())
          .times(mortise::kIsoOffset);
};

// Of one record.
struct Counters {
  std::int64_t synced = 0;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t deleted = 0;
};

struct Record {
  std::int64_t id = 0;
  std::string sessionId;
  std::int64_t instanceId = 0;  // 0: an error of the session itself
  std::optional<std::string> instanceName;
  std::string category;
  std::string status = "pending";
  std::optional<mortise::Time> startedAt;
  std::optional<mortise::Time> completedAt;
  Counters counters;
  std::optional<std::string> errorMessage;
  std::optional<std::string> details;  // JSON object
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields(
          "sync_records", mortise::field("id", &Record::id).key(), mortise::field("session_id", &Record::sessionId),
          mortise::field("instance_id", &Record::instanceId), mortise::field("instance_name", &Record::instanceName),
          mortise::field("sync_category", &Record::category), mortise::field("status", &Record::status),
          mortise::field("started_at", &Record::startedAt), mortise::field("completed_at", &Record::completedAt),
          mortise::field("items_synced", &Record::counters, &Counters::synced),
          mortise::field("items_created", &Record::counters, &Counters::created),
          mortise::field("items_updated", &Record::counters, &Counters::updated),
          mortise::field("items_deleted", &Record::counters, &Counters::deleted),
          mortise::field("error_message", &Record::errorMessage),
          mortise::field("sync_details", &Record::details).json(), mortise::field("created_at", &Record::createdAt))
          .times(mortise::kIsoOffset);
};

// The session that a change brought to an end, and the status it has now.
struct SessionEnd {
  std::string sessionId;
  std::string status;
  std::optional<std::string> runId;  // of the job that reports into it
};

struct Target {
  std::int64_t instanceId = 0;
  std::string name;
};

}  // namespace sync_sessions
