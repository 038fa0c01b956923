#include "core/services/audit/audit.hpp"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>

#include <algorithm>
#include <utility>

#include "core/base/formats.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {
namespace {

using db::ColumnType;

void check(const AuditEntry& entry) {
  const bool good = !entry.action.empty() && entry.action.size() <= 64 &&
                    std::all_of(entry.action.begin(), entry.action.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
                    });
  if (!good) throw ServiceError(ErrorKind::invalid, "audit: action " + entry.action + " is not [a-z0-9_.]{1,64}");
  if (entry.details.empty()) return;
  json::Document document;
  json::ParseError error;
  if (entry.details.size() > 16384 || !json::parse(entry.details, document, error) || !document.IsObject()) {
    throw ServiceError(ErrorKind::invalid,
                       "audit: details of " + entry.action + " are no JSON object of at most 16 KiB");
  }
}

// The action up to its first dot, with the dot: "user." of user.role_changed. The migration of
// an index has it too, so it never changes.
constexpr const char* kGroup =
    "substr(action, 1, 1 + length(action) - length(ltrim(action, 'abcdefghijklmnopqrstuvwxyz0123456789_')))";

// The WHERE of a filter. It names only what the filter has, so that an index serves each.
std::pair<std::string, db::Parameters> conditionsOf(const AuditFilter& filter) {
  std::string where;
  db::Parameters parameters;
  const auto add = [&](std::string_view condition, std::string_view name, db::Value value) {
    where.append(where.empty() ? " WHERE " : " AND ").append(condition);
    parameters.emplace_back(name, std::move(value));
  };
  if (!filter.actor.empty()) add("actor = :actor", "actor", filter.actor);
  if (filter.action.ends_with('.')) {
    const auto first = filter.action.substr(0, filter.action.find('.') + 1);
    add(std::string(kGroup) + " = :action_group", "action_group", first);
    if (first != filter.action) {
      add("substr(action, 1, :group_size) = :action", "action", filter.action);
      parameters.emplace_back("group_size", static_cast<std::int64_t>(filter.action.size()));
    }
  } else if (!filter.action.empty()) {
    add("action = :action", "action", filter.action);
  }
  if (!filter.target.empty()) add("target = :target", "target", filter.target);
  const AuditFilter any;
  if (filter.since > any.since) add("at >= :since", "since", filter.since);
  if (filter.until < any.until) add("at < :until", "until", filter.until);
  return {std::move(where), std::move(parameters)};
}

}  // namespace

void Audit::record(db::Connection& connection, AuditEntry entry) {
  check(entry);
  connection.execute(
      "INSERT INTO mortise_audit (id, at, actor, action, target, details, ip, request_id) "
      "VALUES (:id, :at, :actor, :action, :target, :details, :ip, :request_id)",
      {{"id", uuid7()},
       {"at", nowMicros()},
       {"actor", entry.actor},
       {"action", entry.action},
       {"target", entry.target},
       {"details", entry.details},
       {"ip", entry.ip},
       {"request_id", entry.requestId}});
}

void Audit::record(AuditEntry entry) {
  check(entry);
  database_.transaction([&](db::Connection& connection) { record(connection, entry); });
}

std::vector<AuditEntry> Audit::list(const AuditFilter& filter, std::int64_t& total) {
  auto [where, parameters] = conditionsOf(filter);
  const auto connection = database_.lease(db::Access::read);
  {
    constexpr ColumnType kCount[] = {ColumnType::integer};
    const auto rows = connection->query("SELECT count(*) FROM mortise_audit" + where, parameters, kCount);
    total = rows->next() ? rows->integer(0) : 0;
  }
  parameters.emplace_back("limit", std::clamp<std::int64_t>(filter.limit, 0, 1000));
  parameters.emplace_back("skip", std::max<std::int64_t>(filter.skip, 0));
  constexpr ColumnType kColumns[] = {ColumnType::text, ColumnType::integer, ColumnType::text, ColumnType::text,
                                     ColumnType::text, ColumnType::text,    ColumnType::text, ColumnType::text};
  const auto rows =
      connection->query("SELECT id, at, actor, action, target, details, ip, request_id FROM mortise_audit" + where +
                            " ORDER BY at DESC, id DESC LIMIT :limit OFFSET :skip",
                        parameters, kColumns);
  std::vector<AuditEntry> entries;
  while (rows->next()) {
    AuditEntry entry;
    entry.id = rows->text(0);
    entry.at = rows->integer(1);
    entry.actor = rows->text(2);
    entry.action = rows->text(3);
    entry.target = rows->text(4);
    entry.details = rows->text(5);
    entry.ip = rows->text(6);
    entry.requestId = rows->text(7);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::int64_t Audit::expire(std::int64_t before) {
  // In batches, so that writers of other tables get their turn.
  constexpr std::int64_t kPiece = 5000;
  std::int64_t dropped = 0;
  for (std::int64_t piece = kPiece; piece == kPiece; dropped += piece) {
    database_.transaction([&](db::Connection& connection) {
      piece = connection.execute(
          "DELETE FROM mortise_audit WHERE id IN (SELECT id FROM mortise_audit WHERE at < :before ORDER BY at LIMIT "
          ":piece)",
          {{"before", before}, {"piece", kPiece}});
    });
  }
  if (dropped > 0) {
    record({{},
            0,
            "kernel",
            "audit.expired",
            {},
            "{\"rows\":" + std::to_string(dropped) + ",\"before\":" + json::quoted(isoMillis(before)) + "}",
            {},
            {}});
  }
  return dropped;
}

std::string toJson(const AuditEntry& entry) {
  return "{\"id\":" + json::quoted(entry.id) + ",\"at\":" + json::quoted(isoMillis(entry.at)) +
         ",\"actor\":" + json::quoted(entry.actor) + ",\"action\":" + json::quoted(entry.action) +
         ",\"target\":" + json::quoted(entry.target) +
         ",\"details\":" + (entry.details.empty() ? "{}" : entry.details) + ",\"ip\":" + json::quoted(entry.ip) +
         ",\"request_id\":" + json::quoted(entry.requestId) + "}";
}

std::optional<std::int64_t> auditTime(const std::string& text) {
  if (!text::isDate(text) && !text::isDateTime(text)) return std::nullopt;
  const auto whole = text::isDate(text) ? text + "T00:00:00Z" : text;
  Poco::DateTime time;
  int offset = 0;  // seconds east of UTC
  if (!Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::ISO8601_FRAC_FORMAT, whole, time, offset))
    return std::nullopt;
  constexpr std::int64_t kSecond = 1'000'000;
  return time.timestamp().epochMicroseconds() - offset * kSecond;
}

std::string_view auditMigrationSql() {
  return R"(CREATE TABLE mortise_audit (
  id TEXT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  details TEXT NOT NULL,
  ip TEXT NOT NULL,
  request_id TEXT NOT NULL
);
CREATE INDEX mortise_audit_at ON mortise_audit (at);
CREATE INDEX mortise_audit_actor ON mortise_audit (actor, at);
CREATE INDEX mortise_audit_target ON mortise_audit (target, at);
)";
}

std::string auditListsMigrationSql() {
  return std::string(R"(DROP INDEX mortise_audit_at;
CREATE INDEX mortise_audit_at ON mortise_audit (at, id);
DROP INDEX mortise_audit_actor;
CREATE INDEX mortise_audit_actor ON mortise_audit (actor, at, id);
DROP INDEX mortise_audit_target;
CREATE INDEX mortise_audit_target ON mortise_audit (target, at, id);
CREATE INDEX mortise_audit_action ON mortise_audit (action, at, id);
CREATE INDEX mortise_audit_group ON mortise_audit (()") +
         kGroup + "), at, id);\n";
}

}  // namespace mortise::services
