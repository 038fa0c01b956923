// The mails that are not sent yet, in the database: mortise_mails. A row belongs to the server that accepted the mail,
// until that server stops or falls silent. What a mail says, and to whom, is sealed: it holds codes and links.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/db/database.hpp"
#include "core/services/mail/mail.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::services::mail {

// Times are microseconds since the epoch.
struct QueuedMail {
  std::string id;
  std::string sealed;
  std::int64_t createdAt = 0;
  std::int64_t expiresAt = 0;
  std::int64_t dueAt = 0;
  std::int64_t tries = 0;     // those before this one
  std::string lastFailure{};  // why the last one failed
};

// What a row hides.
struct MailContent {
  Mail mail;
  std::string messageId;
};

// Thread-safe, except the functions about other servers. Blocking. Errors: db::Error.
class MailQueue {
 public:
  static std::string_view migrationSql();

  // `node`: this server. `most`: rows of all servers together.
  MailQueue(db::Database& database, const Secrets& secrets, std::string node, std::size_t most);

  // Adds a mail of this server, due now; in the joined transaction of the calling thread when it has one. Does nothing
  // when it is there already: the answer to an earlier commit may have been lost. False: the queue is full.
  bool add(const std::string& id, const MailContent& content, std::int64_t now, std::int64_t expiresAt);
  // Throws ServiceError{denied} when the row was altered, or sealed with another master secret.
  MailContent unseal(const QueuedMail& row) const;

  // The mail of this server that is due first, whenever that is, but none of `except`.
  std::optional<QueuedMail> next(const std::set<std::string>& except);
  // Notes that a try begins and when the one after it is due. False: the mail is no longer this server's.
  bool begin(const std::string& id, std::int64_t nextTry);
  // Notes the failure of a try.
  void failed(const std::string& id, std::int64_t nextTry, std::string_view reason);
  void remove(const std::string& id);
  std::size_t count();  // mails of this server
  // Mails of any server whose time is over; for servers that send none.
  std::int64_t removeExpired(std::int64_t now);
  // After the clock was set back: no mail of this server stays due, or lives, beyond these times.
  void bringForward(std::int64_t now, std::int64_t latestDue, std::int64_t latestExpiry);

  // Tells the other servers that this one lives.
  void beat();
  // Leaves the mails of this server to the next that comes: itself after a restart, or another one.
  void release();
  // Takes the mails that were left, and those of servers whose beat has not changed for `silence` (monotonic
  // microseconds, at `now`). Returns how many. One thread.
  std::int64_t takeOver(std::int64_t now, std::int64_t silence);
  // Forgets what it saw of other servers: while the database was away, no server's beat could change.
  void forgetOthers() { seen_.clear(); }

 private:
  struct Seen {
    std::int64_t beat = -1;
    std::int64_t since = 0;
  };
  std::int64_t changed(std::string_view sql, const db::Parameters& parameters);

  db::Database& database_;
  const Secrets& secrets_;
  const std::string node_;
  const std::int64_t most_;
  std::map<std::string, Seen, std::less<>> seen_;
};

}  // namespace mortise::services::mail
