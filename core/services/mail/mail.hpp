// Mail in the background: a queue in the database, two sender threads, tries with growing pauses for a day.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/identifiers.hpp"
#include "core/services/service_error.hpp"

namespace mortise::db {
class Database;
}
namespace mortise::ops {
class Registry;
}

namespace mortise::services {

class Secrets;

struct Mail {
  std::string to;       // one address
  std::string subject;  // UTF-8, one line
  std::string text;     // required
  std::string html{};   // optional
  // Microseconds since the epoch: not sent afterwards, since what it says no longer holds. 0, and what lies behind
  // MailerOptions::lifetime: that.
  std::int64_t expiresAt = 0;
};

struct MailResult {
  enum class Outcome : std::uint8_t {
    sent,     // accepted by the relay, or durably in the outbox
    refused,  // 5xx: final
    gaveUp,   // its time was over
    stopped,  // it was never queued: a rollback, or the server stopped before
  };
  Outcome outcome = Outcome::sent;
  std::string reason;  // without the address
  int tries = 0;
};

struct MailerOptions {
  std::size_t queueLength = 10'000;            // mails of all servers that share the database
  std::chrono::milliseconds firstPause{2000};  // after a failed try; doubles, with +-25 % jitter
  std::chrono::milliseconds longestPause{std::chrono::minutes(15)};
  std::chrono::milliseconds lifetime{std::chrono::hours(24)};
  std::chrono::milliseconds timeout{10000};  // connect and each answer of the relay
  std::chrono::milliseconds lease{30000};    // a server that is silent for so long loses its mails to another
  // False: mails are queued for a server to send, and nothing runs in the background.
  bool sends = true;
  std::string caFile;  // extra trust anchors (PEM); empty = the system's
  std::function<std::int64_t()> clock = nowMicros;
};

// What the queue needs. All must outlive the mailer.
struct MailStore {
  db::Database& database;
  const Secrets& secrets;
  std::string node;  // this server; empty: none, so that any server sends what is queued
  ops::Registry* metrics = nullptr;
};

// Thread-safe.
class Mailer {
 public:
  using Done = std::function<void(const MailResult&)>;

  // url: "" (send() throws unavailable, nothing is queued), "outbox:DIR",
  // "smtp://[user:password@]host[:port][?starttls=required][&allow_plain_auth=1]", "smtps://...". STARTTLS is used when
  // offered; user and password go out only over TLS unless allow_plain_auth=1; certificates are checked. `from`: an
  // address, or "Name <address>". Sends what an earlier process of this server left. Throws ServiceError{invalid};
  // {unavailable} when an outbox can't be made.
  static std::unique_ptr<Mailer> open(std::string_view url, std::string_view from, MailStore store,
                                      const MailerOptions& options = {});
  // Throws ServiceError{invalid} when open() can make nothing of `url`; opens nothing.
  static void checkUrl(std::string_view url);
  virtual ~Mailer() = default;

  virtual bool configured() const = 0;
  // Checks the mail and writes it into the queue: once this returns it is not lost, whatever happens to the server. In a
  // joined transaction of the calling thread it is queued with the commit. Blocking, except as sendLater() says. Throws
  // ServiceError{invalid} (address, CR LF NUL in a header value), {full}, {unavailable} (not configured, stopping), and
  // db::Error. `done` is called at most once, on a thread that may block, when the mail was sent or given up; never
  // when that happens after a restart or on another server.
  virtual void send(Mail mail, Done done = {}) = 0;
  // The same for threads that must not block: the mail is checked now and queued a moment later. A server that is killed
  // in that moment loses it.
  virtual void sendLater(Mail mail, Done done = {}) = 0;
  // Mails of this server that are not sent yet, as far as it knows: the rows are counted anew at least at each third of
  // the `lease`, and what comes or goes during that may be counted twice or not at all until the next time.
  virtual std::size_t queued() const = 0;
  // Empty: the last tries went well. Else why mails can't be delivered now.
  virtual std::string trouble() const = 0;
  // Goes as far as a mail goes without a recipient: to the relay, with TLS and the password; or tries the outbox. Takes as
  // long as MailerOptions::timeout allows each step. Throws std::exception with the reason.
  virtual void probe() = 0;
  // Sends what is due for at most `limit`. The rest stays in the queue. Idempotent.
  virtual void stop(std::chrono::milliseconds limit) = 0;
};

// One RFC 5322 message, CRLF line ends; what the outbox writes and SMTP sends. Throws ServiceError{invalid}.
std::string composeMail(const Mail& mail, std::string_view from, std::string_view messageId, std::int64_t nowMicros);

}  // namespace mortise::services
