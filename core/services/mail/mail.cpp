#include "core/services/mail/mail.hpp"

#include <utility>

#include "core/services/mail/queued_mailer.hpp"
#include "core/services/mail/transport.hpp"

namespace mortise::services {
namespace {

constexpr std::string_view kOutbox = "outbox:";

class Unconfigured final : public Mailer {
 public:
  bool configured() const override { return false; }
  void send(Mail, Done) override { refuse(); }
  void sendLater(Mail, Done) override { refuse(); }
  std::size_t queued() const override { return 0; }
  std::string trouble() const override { return {}; }
  void probe() override { refuse(); }
  void stop(std::chrono::milliseconds) override {}

 private:
  [[noreturn]] static void refuse() {
    throw ServiceError(ErrorKind::unavailable, "no mail transport is configured; set mail.url");
  }
};

}  // namespace

std::unique_ptr<Mailer> Mailer::open(std::string_view url, std::string_view from, MailStore store,
                                     const MailerOptions& options) {
  checkUrl(url);
  if (url.empty()) {
    // Nothing else does, when no server of the database sends mails any more.
    if (options.sends) mail::MailQueue(store.database, store.secrets, store.node, 0).removeExpired(options.clock());
    return std::make_unique<Unconfigured>();
  }
  auto transport =
      url.starts_with(kOutbox) ? mail::openOutbox(url.substr(kOutbox.size())) : mail::openSmtp(url, options);
  return std::make_unique<mail::QueuedMailer>(std::move(transport), std::string(from), store, options);
}

void Mailer::checkUrl(std::string_view url) {
  if (url.empty() || (url.starts_with(kOutbox) && url.size() > kOutbox.size())) return;
  if (url.starts_with(kOutbox))
    throw ServiceError(ErrorKind::invalid, "mail.url: outbox: needs a directory, outbox:DIR");
  if (url.starts_with("smtp://") || url.starts_with("smtps://")) {
    mail::checkSmtpUrl(url);
    return;
  }
  throw ServiceError(ErrorKind::invalid, "mail.url: unknown scheme " + std::string(url.substr(0, url.find(':'))) +
                                             "; use outbox:DIR, smtp:// or smtps://");
}

}  // namespace mortise::services
