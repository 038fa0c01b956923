#include "core/services/mail/mail_queue.hpp"

#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/db/joined_transaction.hpp"

namespace mortise::services::mail {
namespace {

using db::ColumnType;

constexpr ColumnType I = ColumnType::integer;
constexpr ColumnType T = ColumnType::text;
constexpr std::string_view kPurpose = "mail";  // modules seal for "module/NAME/..."

// mortise_mails.node: the server that sends the mail; '': none. mortise_mail_nodes: servers that have mails.
constexpr std::string_view kMigration = R"(CREATE TABLE mortise_mails (
  id TEXT NOT NULL PRIMARY KEY,
  node TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,
  last_failure TEXT NOT NULL DEFAULT ''
);
CREATE INDEX mortise_mails_due ON mortise_mails (node, due_at);

CREATE TABLE mortise_mail_nodes (
  node TEXT NOT NULL PRIMARY KEY,
  beat BIGINT NOT NULL
);
)";

std::string toText(const MailContent& content) {
  std::string out = "{\"to\":" + json::quoted(content.mail.to);
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>{"subject", content.mail.subject},
                                    {"text", content.mail.text},
                                    {"html", content.mail.html},
                                    {"message_id", content.messageId}}) {
    out.append(",\"").append(name).append("\":");
    json::appendQuoted(out, value);
  }
  return out + "}";
}

}  // namespace

std::string_view MailQueue::migrationSql() { return kMigration; }

MailQueue::MailQueue(db::Database& database, const Secrets& secrets, std::string node, std::size_t most)
    : database_(database), secrets_(secrets), node_(std::move(node)), most_(static_cast<std::int64_t>(most)) {}

std::int64_t MailQueue::changed(std::string_view sql, const db::Parameters& parameters) {
  std::int64_t rows = 0;
  database_.transaction([&](db::Connection& connection) { rows = connection.execute(sql, parameters); });
  return rows;
}

bool MailQueue::add(const std::string& id, const MailContent& content, std::int64_t now, std::int64_t expiresAt) {
  const auto joined = db::JoinedTransaction::ofThisThread(database_);
  const db::JoinScope scope(joined.get());
  const auto sealed = secrets_.seal(kPurpose, toText(content));
  bool present = false;
  database_.transaction([&](db::Connection& connection) {
    // Servers that add at once may exceed the bound by as many rows as there are servers.
    present =
        connection.execute(
            "INSERT INTO mortise_mails (id, node, sealed, created_at, expires_at, due_at) "
            "SELECT :id, :node, :sealed, CAST(:now AS BIGINT), CAST(:expires_at AS BIGINT), CAST(:due_at AS BIGINT) "
            "WHERE (SELECT count(*) FROM mortise_mails) < :most ON CONFLICT (id) DO NOTHING",
            {{"id", id},
             {"node", node_},
             {"sealed", sealed},
             {"now", now},
             {"expires_at", expiresAt},
             {"due_at", now},
             {"most", most_}}) == 1;
    if (present) return;
    static constexpr ColumnType kColumns[] = {I};
    present = connection.query("SELECT 1 FROM mortise_mails WHERE id = :id", {{"id", id}}, kColumns)->next();
  });
  return present;
}

MailContent MailQueue::unseal(const QueuedMail& row) const {
  json::Document document;
  json::ParseError error;
  if (!json::parse(secrets_.unseal(kPurpose, row.sealed), document, error) || !document.IsObject())
    throw ServiceError(ErrorKind::denied, "the queued mail is no JSON object");
  const auto text = [&](std::string_view name) { return std::string(json::textMember(document, name)); };
  return {{text("to"), text("subject"), text("text"), text("html")}, text("message_id")};
}

std::optional<QueuedMail> MailQueue::next(const std::set<std::string>& except) {
  static constexpr ColumnType kColumns[] = {T, T, I, I, I, I, T};
  const auto connection = database_.lease(db::Access::read);
  const auto rows = connection->query(
      "SELECT id, sealed, created_at, expires_at, due_at, tries, last_failure FROM mortise_mails WHERE node = :node "
      "ORDER BY due_at LIMIT :most",
      {{"node", node_}, {"most", static_cast<std::int64_t>(except.size()) + 1}}, kColumns);
  while (rows->next()) {
    QueuedMail row{std::string(rows->text(0)), std::string(rows->text(1)), rows->integer(2),          rows->integer(3),
                   rows->integer(4),           rows->integer(5),           std::string(rows->text(6))};
    if (except.count(row.id) == 0) return row;
  }
  return std::nullopt;
}

bool MailQueue::begin(const std::string& id, std::int64_t nextTry) {
  return changed("UPDATE mortise_mails SET tries = tries + 1, due_at = :due_at WHERE id = :id AND node = :node",
                 {{"due_at", nextTry}, {"id", id}, {"node", node_}}) == 1;
}

void MailQueue::failed(const std::string& id, std::int64_t nextTry, std::string_view reason) {
  changed("UPDATE mortise_mails SET due_at = :due_at, last_failure = :reason WHERE id = :id AND node = :node",
          {{"due_at", nextTry}, {"reason", std::string(reason)}, {"id", id}, {"node", node_}});
}

void MailQueue::remove(const std::string& id) { changed("DELETE FROM mortise_mails WHERE id = :id", {{"id", id}}); }

std::size_t MailQueue::count() {
  static constexpr ColumnType kColumns[] = {I};
  const auto connection = database_.lease(db::Access::read);
  const auto rows =
      connection->query("SELECT count(*) FROM mortise_mails WHERE node = :node", {{"node", node_}}, kColumns);
  return rows->next() ? static_cast<std::size_t>(rows->integer(0)) : 0;
}

std::int64_t MailQueue::removeExpired(std::int64_t now) {
  return changed("DELETE FROM mortise_mails WHERE expires_at <= :now", {{"now", now}});
}

void MailQueue::bringForward(std::int64_t now, std::int64_t latestDue, std::int64_t latestExpiry) {
  static constexpr ColumnType kColumns[] = {I};
  {
    const auto connection = database_.lease(db::Access::read);
    const auto rows = connection->query(
        "SELECT 1 FROM mortise_mails WHERE node = :node AND (due_at > :latest_due OR expires_at > :latest_expiry) "
        "LIMIT 1",
        {{"node", node_}, {"latest_due", latestDue}, {"latest_expiry", latestExpiry}}, kColumns);
    if (!rows->next()) return;
  }
  database_.transaction([&](db::Connection& connection) {
    connection.execute("UPDATE mortise_mails SET due_at = :now WHERE node = :node AND due_at > :latest_due",
                       {{"now", now}, {"node", node_}, {"latest_due", latestDue}});
    connection.execute(
        "UPDATE mortise_mails SET expires_at = :latest WHERE node = :node AND expires_at > :latest_expiry",
        {{"latest", latestExpiry}, {"node", node_}, {"latest_expiry", latestExpiry}});
  });
}

void MailQueue::beat() {
  changed(
      "INSERT INTO mortise_mail_nodes (node, beat) VALUES (:node, 1) "
      "ON CONFLICT (node) DO UPDATE SET beat = mortise_mail_nodes.beat + 1",
      {{"node", node_}});
}

void MailQueue::release() {
  database_.transaction([&](db::Connection& connection) {
    connection.execute("UPDATE mortise_mails SET node = '' WHERE node = :node", {{"node", node_}});
    connection.execute("DELETE FROM mortise_mail_nodes WHERE node = :node", {{"node", node_}});
  });
}

std::int64_t MailQueue::takeOver(std::int64_t now, std::int64_t silence) {
  static constexpr ColumnType kColumns[] = {T, I};
  std::map<std::string, std::int64_t, std::less<>> others;  // by node: its beat
  {
    const auto connection = database_.lease(db::Access::read);
    const auto rows = connection->query(
        "SELECT DISTINCT m.node, coalesce(n.beat, 0) FROM mortise_mails m "
        "LEFT JOIN mortise_mail_nodes n ON n.node = m.node WHERE m.node <> :node",
        {{"node", node_}}, kColumns);
    while (rows->next()) others.emplace(rows->text(0), rows->integer(1));
  }
  std::int64_t taken = 0;
  std::map<std::string, Seen, std::less<>> seen;
  for (const auto& [node, beat] : others) {
    const auto before = seen_.find(node);
    const bool same = before != seen_.end() && before->second.beat == beat;
    const auto since = same ? before->second.since : now;
    if (!node.empty() && now - since < silence) {
      seen.emplace(node, Seen{beat, since});
      continue;
    }
    std::int64_t some = 0;
    database_.transaction([&, &silent = node, &last = beat](db::Connection& connection) {
      some = 0;
      // PostgreSQL: the row of its beat, so that it does not beat in between.
      if (!silent.empty() &&
          connection.execute("DELETE FROM mortise_mail_nodes WHERE node = :node AND beat = :beat",
                             {{"node", silent}, {"beat", last}}) == 0 &&
          last != 0)
        return;  // it lives, or another server was faster
      some = connection.execute("UPDATE mortise_mails SET node = :node WHERE node = :silent",
                                {{"node", node_}, {"silent", silent}});
    });
    taken += some;
  }
  seen_ = std::move(seen);
  return taken;
}

}  // namespace mortise::services::mail
