// mail/1 over services::Mailer.
#include "core/db/after_commit.hpp"
#include "core/plugin/callback_gate.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/lane.hpp"
#include "core/services/mail/mail.hpp"
#include "mortise/abi/mail.h"

namespace mortise::plugin {
namespace {

mortise_status statusOf(services::MailResult::Outcome outcome) {
  switch (outcome) {
    case services::MailResult::Outcome::sent:
      return MORTISE_OK;
    case services::MailResult::Outcome::refused:
      return MORTISE_DENIED;
    case services::MailResult::Outcome::gaveUp:
      return MORTISE_UNAVAILABLE;
    case services::MailResult::Outcome::stopped:
      return MORTISE_CLOSED;
  }
  return MORTISE_FAILED;
}

extern "C" {

mortise_status mailSend(mortise_host* raw, const mortise_mail* mail, mortise_error* error) {
  return anywhere<&HostServices::mailer>(raw, "mail/1 send", error, [&](Host& host, services::Mailer& mailer) {
    if (!MORTISE_COMPLETE(mail, mortise_mail, done)) return tooShort(error, "mortise_mail");
    services::Mailer::Done done;
    if (mail->done != nullptr) {
      done = [gate = host.gate(), notify = mail->done, context = mail->context](const services::MailResult& result) {
        gate->run("mail done", [&] { notify(context, statusOf(result.outcome), str(result.reason)); });
      };
    }
    services::Mail message{copy(mail->to), copy(mail->subject), copy(mail->text), copy(mail->html)};
    if (MORTISE_HAS(mail, mortise_mail, expires_at)) message.expiresAt = mail->expires_at;
    // Callbacks of streams and WebSockets run on an I/O thread, too. A transaction that they began there has the mail.
    const bool onIoThread = currentThread.lane == ThreadLane::loop || currentThread.origin != nullptr;
    if (onIoThread && !db::waitsForCommit()) {
      mailer.sendLater(std::move(message), std::move(done));
    } else {
      mailer.send(std::move(message), std::move(done));
    }
    return MORTISE_OK;
  });
}

int32_t mailConfigured(mortise_host* raw) {
  const auto* host = hostOf(raw);
  return host != nullptr && host->services().mailer->configured() ? 1 : 0;
}

}  // extern "C"

const mortise_mail_v1 kTable = {sizeof(mortise_mail_v1), &mailSend, &mailConfigured};

}  // namespace

template <>
ServedInterface serve<mortise_mail_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::mailer>};
}

}  // namespace mortise::plugin
