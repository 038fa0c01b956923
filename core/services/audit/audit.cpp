#include "core/services/audit/audit.hpp"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>

#include <algorithm>

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
  // One statement for every filter: an empty value matches all.
  constexpr const char* kWhere =
      " FROM mortise_audit WHERE (:actor = '' OR actor = :actor) AND (:action = '' OR action = :action) AND "
      "(:group_size = 0 OR substr(action, 1, :group_size) = :action_group) AND (:target = '' OR target = :target) AND "
      "at >= :since AND at < :until";
  const bool isGroup = filter.action.ends_with('.');
  const auto connection = database_.lease(db::Access::read);
  db::Parameters parameters{{"actor", filter.actor},
                            {"action", isGroup ? std::string() : filter.action},
                            {"group_size", isGroup ? static_cast<std::int64_t>(filter.action.size()) : 0},
                            {"action_group", isGroup ? filter.action : std::string()},
                            {"target", filter.target},
                            {"since", filter.since},
                            {"until", filter.until}};
  {
    constexpr ColumnType kCount[] = {ColumnType::integer};
    const auto rows = connection->query(std::string("SELECT count(*)") + kWhere, parameters, kCount);
    total = rows->next() ? rows->integer(0) : 0;
  }
  parameters.emplace_back("limit", std::clamp<std::int64_t>(filter.limit, 0, 1000));
  parameters.emplace_back("skip", std::max<std::int64_t>(filter.skip, 0));
  constexpr ColumnType kColumns[] = {ColumnType::text, ColumnType::integer, ColumnType::text, ColumnType::text,
                                     ColumnType::text, ColumnType::text,    ColumnType::text, ColumnType::text};
  const auto rows = connection->query(std::string("SELECT id, at, actor, action, target, details, ip, request_id") +
                                          kWhere + " ORDER BY at DESC, id DESC LIMIT :limit OFFSET :skip",
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

}  // namespace mortise::services
