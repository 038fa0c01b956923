#include "core/services/mail/mail.hpp"

#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/ops/log.hpp"
#include "core/services/mail/compose.hpp"
#include "core/services/mail/transport.hpp"

namespace mortise::services {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Outcome = MailResult::Outcome;

class Unconfigured final : public Mailer {
 public:
  bool configured() const override { return false; }
  void send(Mail mail, Done) override { check(mail); }
  void check(const Mail&) const override {
    throw ServiceError(ErrorKind::unavailable, "no mail transport is configured; set mail.url");
  }
  std::size_t queued() const override { return 0; }
  void stop(milliseconds) override {}
};

class QueuedMailer final : public Mailer {
 public:
  QueuedMailer(std::unique_ptr<mail::Transport> transport, std::string from, const MailerOptions& options)
      : transport_(std::move(transport)),
        from_(std::move(from)),
        fromAddress_(mail::parseSender(from_, "mail.from").address),
        options_(options) {
    for (int i = 0; i < 2; ++i) senders_.emplace_back([this] { run(); });
  }

  ~QueuedMailer() override { stop(milliseconds{0}); }

  bool configured() const override { return true; }

  void send(Mail message, Done done) override {
    Item item;
    item.envelope.from = fromAddress_;
    item.envelope.to = message.to;
    item.envelope.message = composeMail(message, from_, mail::newMessageId(fromAddress_), nowMicros());
    item.done = std::move(done);
    item.due = Clock::now();
    {
      std::lock_guard lock(mutex_);
      if (stopping_) throw ServiceError(ErrorKind::unavailable, "mail: the server is stopping");
      if (waiting_.size() + sending_ >= options_.queueLength) {
        throw ServiceError(ErrorKind::full, "mail: " + std::to_string(options_.queueLength) + " mails are waiting", 30);
      }
      waiting_.push_back(std::move(item));
    }
    wake_.notify_one();
  }

  void check(const Mail& message) const override {
    composeMail(message, from_, mail::newMessageId(fromAddress_), nowMicros());
  }

  std::size_t queued() const override {
    std::lock_guard lock(mutex_);
    return waiting_.size() + sending_;
  }

  void stop(milliseconds limit) override {
    std::vector<Item> left;
    {
      std::unique_lock lock(mutex_);
      if (stopped_) return;
      stopping_ = true;
      wake_.notify_all();
      idle_.wait_for(lock, limit, [&] { return waiting_.empty() && sending_ == 0; });
      stopped_ = true;
      left.swap(waiting_);
      wake_.notify_all();
    }
    transport_->interrupt();
    for (std::thread& sender : senders_) sender.join();
    for (Item& item : left) finish(item, Outcome::stopped, "the server stopped");
  }

 private:
  struct Item {
    mail::Envelope envelope;
    Done done;
    Clock::time_point due;
    int tries = 0;
  };

  void run() {
    ::pthread_setname_np(::pthread_self(), "mail");
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      const auto next = std::min_element(waiting_.begin(), waiting_.end(),
                                         [](const Item& a, const Item& b) { return a.due < b.due; });
      if (next == waiting_.end()) {
        if (stopping_) return;
        wake_.wait(lock);
        continue;
      }
      // While stopping, a mail that waits for its next try is sent now.
      if (!stopping_ && next->due > Clock::now()) {
        wake_.wait_until(lock, next->due);
        continue;
      }
      Item item = std::move(*next);
      waiting_.erase(next);
      ++sending_;
      lock.unlock();
      const bool again = attempt(item);
      lock.lock();
      if (again && !stopped_) {
        waiting_.push_back(std::move(item));
        --sending_;
        wake_.notify_one();
      } else {
        lock.unlock();
        if (again) finish(item, Outcome::stopped, "the server stopped");
        lock.lock();
        --sending_;
      }
      if (waiting_.empty() && sending_ == 0) idle_.notify_all();
    }
  }

  // Returns true: try again at item.due.
  bool attempt(Item& item) {
    ++item.tries;
    try {
      transport_->deliver(item.envelope);
    } catch (const mail::TransportError& error) {
      if (error.final) {
        finish(item, Outcome::refused, error.what());
        return false;
      }
      if (item.tries >= options_.tries) {
        finish(item, Outcome::gaveUp, error.what());
        return false;
      }
      const auto base = options_.firstBackoff * (1 << std::min(item.tries - 1, 10));
      const auto spread = static_cast<std::uint32_t>(std::max<std::int64_t>(base.count() / 2, 1));
      const milliseconds wait = base - milliseconds(spread / 2) + milliseconds(randombytes_uniform(spread));
      item.due = Clock::now() + wait;
      log::warning("mail not sent, will try again",
                   {{"try", item.tries}, {"wait_ms", wait.count()}, {"reason", error.what()}});
      return true;
    } catch (const std::exception& error) {
      finish(item, Outcome::gaveUp, error.what());
      return false;
    }
    finish(item, Outcome::sent, {});
    return false;
  }

  void finish(Item& item, Outcome outcome, const std::string& reason) {
    if (outcome == Outcome::sent) {
      log::debug("mail sent", {{"try", item.tries}});
    } else {
      log::error("mail not sent", {{"tries", item.tries}, {"final", outcome == Outcome::refused}, {"reason", reason}});
    }
    if (!item.done) return;
    try {
      item.done({outcome, reason, item.tries});
    } catch (const std::exception& error) {
      log::error("the receiver of a mail's outcome failed", {{"reason", error.what()}});
    }
  }

  std::unique_ptr<mail::Transport> transport_;
  const std::string from_, fromAddress_;
  const MailerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::vector<Item> waiting_;
  std::size_t sending_ = 0;
  bool stopping_ = false, stopped_ = false;
  std::vector<std::thread> senders_;
};

}  // namespace

namespace {

constexpr std::string_view kOutbox = "outbox:";

}  // namespace

std::unique_ptr<Mailer> Mailer::open(std::string_view url, std::string_view from, const MailerOptions& options) {
  checkUrl(url);
  if (url.empty()) return std::make_unique<Unconfigured>();
  auto transport =
      url.starts_with(kOutbox) ? mail::openOutbox(url.substr(kOutbox.size())) : mail::openSmtp(url, options);
  return std::make_unique<QueuedMailer>(std::move(transport), std::string(from), options);
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
