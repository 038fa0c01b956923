// The mailer that sends: two threads that deliver what is due, and one that keeps the queue.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/ops/metrics.hpp"
#include "core/services/mail/mail.hpp"
#include "core/services/mail/mail_queue.hpp"
#include "core/services/mail/transport.hpp"

namespace mortise::services::mail {

class QueuedMailer final : public Mailer {
 public:
  // Throws ServiceError{invalid} when `from` is no sender.
  QueuedMailer(std::unique_ptr<Transport> transport, std::string from, const MailStore& store,
               const MailerOptions& options);
  ~QueuedMailer() override;

  bool configured() const override { return true; }
  void send(Mail mail, Done done) override;
  void sendLater(Mail mail, Done done) override;
  std::size_t queued() const override { return static_cast<std::size_t>(std::max<std::int64_t>(queued_.load(), 0)); }
  std::string trouble() const override;
  void probe() override { transport_->probe(fromAddress_); }
  void stop(std::chrono::milliseconds limit) override;

 private:
  using Steady = std::chrono::steady_clock;
  struct Accepted {
    std::string id;
    MailContent content;
    std::int64_t expiresAt = 0;
  };
  // Who waits for the outcome of a mail.
  struct Receiver {
    Done done;
    bool stored = false;
  };
  // How a try ended.
  struct Try {
    enum class End : std::uint8_t { sent, refused, later, relay, interrupted };
    End end = End::sent;
    std::string reason{};
  };

  // Throws as send() does.
  Accepted accepted(Mail mail) const;
  void expectOutcome(const std::string& id, Done done);
  void store(const Accepted& mail);
  // Takes the mail into arriving_, for the keeper. False: it is full.
  bool arrives(Accepted& mail);
  // store(), for a mail of arriving_: not again when this server took its row out of the queue to send it.
  void storeOnce(const Accepted& mail);
  bool wasPicked(const std::string& id) const;
  void nowQueued(const std::string& id);
  // Errors of the database keep mails in arriving_.
  void storeArrived();

  void notQueued(const std::string& id, const MailResult& result);

  void sendDue();
  // The next mail to send, begun; none: `due` says when one is.
  std::optional<QueuedMail> pick(std::optional<std::int64_t>& due);
  void sendOne(const QueuedMail& row);
  Try attempt(const QueuedMail& row);
  void note(const Try& result);
  void postpone(const QueuedMail& row, const Try& result);
  // Removes the row and notifies the receiver of the outcome.
  void finish(const QueuedMail& row, const MailResult& result);
  void notify(const Done& done, const MailResult& result) const;
  Done receiverOf(const std::string& id);
  void removeRow(const std::string& id);

  void keep();
  void keepOnce();
  void databaseFailed(const db::Error& error);

  std::int64_t now() const { return options_.clock(); }
  std::chrono::milliseconds pauseAfter(std::int64_t tries, std::chrono::milliseconds longest) const;

  const std::unique_ptr<Transport> transport_;
  const std::string from_, fromAddress_;
  const MailerOptions options_;
  MailQueue queue_;
  ops::Counter *queuedTotal_ = nullptr, *sentTotal_ = nullptr, *refusedTotal_ = nullptr, *expiredTotal_ = nullptr;
  std::atomic<std::int64_t> queued_{0};

  mutable std::mutex mutex_;  // guards what follows, up to threads
  std::condition_variable wake_, keeperWake_, idle_;
  std::vector<Accepted> arriving_;  // taken by sendLater(), not in the queue yet
  // Those that storeOnce() began with: a commit may hold though its answer was lost. True: a sender took the row.
  std::unordered_map<std::string, bool> unsure_;
  std::unordered_map<std::string, Receiver> receivers_;
  std::set<std::string> busy_;  // being sent, or done with while the row could not be removed
  std::set<std::string> done_;  // those of busy_ whose rows are still to be removed
  std::string trouble_;
  int relayFailures_ = 0;  // in a row
  int failures_ = 0;       // tries in a row that delivered nothing
  Steady::time_point relayDue_{};
  bool databaseAway_ = false;
  std::uint64_t arrivals_ = 0;  // grows when mails may have become due
  std::uint64_t beaten_ = 0;    // arrivals_ at the last beat
  bool keepNow_ = false;
  int running_ = 0;  // senders
  bool stopping_ = false, stopped_ = false;

  std::mutex picking_;  // one sender at a time chooses
  std::vector<std::thread> threads_;
};

}  // namespace mortise::services::mail
