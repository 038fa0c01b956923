// Mail in the background: a bounded queue, two sender threads, three tries.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/services/service_error.hpp"

namespace mortise::services {

struct Mail {
  std::string to;       // one address
  std::string subject;  // UTF-8, one line
  std::string text;     // required
  std::string html;     // optional
};

struct MailResult {
  enum class Outcome : std::uint8_t {
    sent,     // accepted by the relay, or durably in the outbox
    refused,  // 5xx: final
    gaveUp,   // every try failed
    stopped,  // the server stopped before it was sent
  };
  Outcome outcome = Outcome::sent;
  std::string reason;
  int tries = 0;
};

struct MailerOptions {
  std::size_t queueLength = 1000;
  int tries = 3;
  std::chrono::milliseconds firstBackoff{2000};  // doubles, with +-25 % jitter
  std::chrono::milliseconds timeout{10000};      // connect and each answer of the relay
  std::string caFile;                            // extra trust anchors (PEM); empty = the system's
};

class Mailer {
 public:
  using Done = std::function<void(const MailResult&)>;

  // url: "" (send() throws unavailable), "outbox:DIR",
  // "smtp://[user:password@]host[:port][?starttls=required][&allow_plain_auth=1]", "smtps://...". STARTTLS is used when
  // offered; user and password go out only over TLS unless allow_plain_auth=1; certificates are checked. `from`: an
  // address, or "Name <address>". Throws ServiceError{invalid}; {unavailable} when an outbox can't be made.
  // Throws ServiceError{invalid} when open() can make nothing of `url`; opens nothing.
  static void checkUrl(std::string_view url);
  static std::unique_ptr<Mailer> open(std::string_view url, std::string_view from, const MailerOptions& options = {});
  virtual ~Mailer() = default;

  virtual bool configured() const = 0;
  // Checks and queues. Throws ServiceError{invalid} (address, CR LF NUL in a header value), {full}, {unavailable} (not
  // configured, stopping). `done` is called once, on a sender thread, for every accepted mail.
  virtual void send(Mail mail, Done done = {}) = 0;
  // Throws the refusals of send() for this mail without sending it: {invalid}, or {unavailable} when not configured.
  virtual void check(const Mail& mail) const = 0;
  virtual std::size_t queued() const = 0;  // waiting, being sent, or waiting for the next try
  // Sends queued mail for at most `limit`; the rest ends as `stopped`, each logged. Idempotent.
  virtual void stop(std::chrono::milliseconds limit) = 0;
};

// One RFC 5322 message, CRLF line ends; what the outbox writes and SMTP sends. Throws ServiceError{invalid}.
std::string composeMail(const Mail& mail, std::string_view from, std::string_view messageId, std::int64_t nowMicros);

}  // namespace mortise::services
