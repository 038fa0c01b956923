#include "core/services/audit/audit.hpp"

#include <algorithm>

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

void Audit::record(db::Session& session, AuditEntry entry) {
  check(entry);
  session.execute(
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
  database_.transaction([&](db::Session& session) { record(session, entry); });
}

std::vector<AuditEntry> Audit::list(const AuditFilter& filter, std::int64_t& total) {
  // One statement for every filter: an empty value matches all.
  constexpr const char* kWhere =
      " FROM mortise_audit WHERE (:actor = '' OR actor = :actor) AND (:action = '' OR action = :action) AND (:target = "
      "'' OR target = "
      ":target)";
  const auto session = database_.lease(db::Access::read);
  db::Parameters parameters{{"actor", filter.actor}, {"action", filter.action}, {"target", filter.target}};
  {
    constexpr ColumnType kCount[] = {ColumnType::integer};
    const auto rows = session->query(std::string("SELECT count(*)") + kWhere, parameters, kCount);
    total = rows->next() ? rows->integer(0) : 0;
  }
  parameters.emplace_back("limit", std::clamp<std::int64_t>(filter.limit, 0, 1000));
  parameters.emplace_back("skip", std::max<std::int64_t>(filter.skip, 0));
  constexpr ColumnType kColumns[] = {ColumnType::text, ColumnType::integer, ColumnType::text, ColumnType::text,
                                     ColumnType::text, ColumnType::text,    ColumnType::text, ColumnType::text};
  const auto rows = session->query(std::string("SELECT id, at, actor, action, target, details, ip, request_id") +
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
