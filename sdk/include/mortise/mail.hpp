// Sends mail through the configured relay, in the background: mail/1.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "mortise/abi/mail.h"
#include "mortise/callback_failure.hpp"
#include "mortise/callbacks.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"
#include "mortise/time.hpp"

namespace mortise::inline sdk1 {

struct MailMessage {
  std::string to;       // one address
  std::string subject;  // UTF-8, one line
  std::string text;     // plain text part, required
  std::string html{};   // optional
  // When what it says no longer holds: not sent afterwards. None, or more than a day ahead: a day. Since SDK 1.1.
  std::optional<Time> expiresAt{};
};

// send() writes a copy into the queue of the database and returns; the kernel tries with growing pauses until the mail's
// expiry (abi/mail.h). In a joined transaction of the thread it is queued with the commit. [any]
class Mail {
 public:
  using Table = mortise_mail_v1;
  // Called once with the outcome, [worker], perhaps a day later; not for mails that send() refused, nor after the module
  // was stopped, so never for what is sent after a restart. `reason` says why not.
  using Done = std::function<void(bool sent, const std::string& reason)>;
  static constexpr const char* kInterface = MORTISE_MAIL_V1;
  Mail(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // Throws Problem: 503 unavailable (no mail.url configured, or the queue is full), 422 (an address or subject that
  // breaks a rule).
  void send(const MailMessage& message, Done done = nullptr) const {
    mortise_mail c{};
    c.struct_size = sizeof c;
    c.to = detail::str(message.to);
    c.subject = detail::str(message.subject);
    c.text = detail::str(message.text);
    c.html = detail::str(message.html);
    c.expires_at = message.expiresAt ? micros(*message.expiresAt) : 0;
    Waiting* waiting = nullptr;
    if (done) {
      waiting = new Waiting;
      waiting->done = std::move(done);
      detail::KeptCallbacks::instance().add(host_, waiting);
      c.context = waiting;
      c.done = onDone;
    }
    auto error = detail::noError();
    const auto status = table_->send(host_, &c, &error);
    if (status == MORTISE_OK) return;
    if (waiting != nullptr) delete detail::KeptCallbacks::instance().take(waiting);
    throw detail::problemFrom(status, error, kInterface);
  }
  // Is a relay configured?
  bool configured() const noexcept { return table_->configured(host_) != 0; }

 private:
  struct Waiting final : detail::KeptCallback {
    Done done;
  };
  static void onDone(void* context, mortise_status status, mortise_str reason) {
    const std::unique_ptr<Waiting> waiting(detail::KeptCallbacks::instance().take(static_cast<Waiting*>(context)));
    try {
      waiting->done(status == MORTISE_OK, detail::copied(reason));
    } catch (...) {
      detail::reportCallbackFailure(waiting->host(), "mail done");
    }
  }

  mortise_host* host_;
  const Table* table_;
};

inline Mail Host::mail() const { return need<Mail>(); }

}  // namespace mortise::inline sdk1
