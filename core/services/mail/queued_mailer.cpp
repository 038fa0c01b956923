#include "core/services/mail/queued_mailer.hpp"

#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/db/after_commit.hpp"
#include "core/ops/log.hpp"
#include "core/services/mail/compose.hpp"

namespace mortise::services::mail {
namespace {

using Outcome = MailResult::Outcome;
using std::chrono::milliseconds;

constexpr int kSenders = 2;
constexpr std::size_t kMaxArriving = 1000;
constexpr std::size_t kMaxReason = 500;
constexpr milliseconds kMaxRelayPause{std::chrono::minutes(5)};
constexpr milliseconds kDatabasePause{2000};
// Tries in a row that delivered nothing although the relay answers. Fewer may be the fault of one mailbox.
constexpr int kManyFailures = 10;
// Clocks of servers that share a queue may differ by as much.
constexpr std::int64_t kClockTolerance = 60'000'000;

std::int64_t micros(milliseconds time) { return time.count() * 1000; }

std::int64_t steadyMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool isOfAddress(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._+-@").find(c) != std::string_view::npos;
}

// `word`, in any letter case, as "...".
std::string without(std::string text, std::string_view word) {
  if (word.empty()) return text;
  for (std::size_t at = 0; at + word.size() <= text.size();) {
    const auto end = at + word.size();
    const bool whole = (at == 0 || !isOfAddress(text[at - 1])) && (end == text.size() || !isOfAddress(text[end]));
    if (!whole || !text::equalsIgnoreCase(std::string_view(text).substr(at, word.size()), word)) {
      ++at;
      continue;
    }
    text.replace(at, word.size(), "...");
    at += 3;
  }
  return text;
}

// For the log and the database: relays repeat the address in their answers.
std::string shown(const std::string& reason, std::string_view to) {
  auto text = without(without(text::storable(reason), to), to.substr(0, to.rfind('@')));
  return std::string(text::head(text, kMaxReason));
}

}  // namespace

QueuedMailer::QueuedMailer(std::unique_ptr<Transport> transport, std::string from, const MailStore& store,
                           const MailerOptions& options)
    : transport_(std::move(transport)),
      from_(std::move(from)),
      fromAddress_(parseSender(from_, "mail.from").address),
      options_(options),
      queue_(store.database, store.secrets, store.node, options.queueLength),
      running_(options.sends ? kSenders : 0) {
  if (store.metrics != nullptr) {
    auto& metrics = *store.metrics;
    const auto counterOf = [&](const char* reason) {
      return &metrics.counter("mortise_mails_given_up_total", "Mails that were not sent and never will be",
                              {{"reason", reason}});
    };
    queuedTotal_ = &metrics.counter("mortise_mails_queued_total", "Mails taken into the queue");
    sentTotal_ = &metrics.counter("mortise_mails_sent_total", "Mails that the relay took");
    refusedTotal_ = counterOf("refused");
    expiredTotal_ = counterOf("expired");
  }
  if (!options.sends) return;
  for (int i = 0; i < kSenders; ++i) threads_.emplace_back([this] { sendDue(); });
  threads_.emplace_back([this] { keep(); });
}

QueuedMailer::~QueuedMailer() { stop(milliseconds{0}); }

std::string QueuedMailer::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

milliseconds QueuedMailer::pauseAfter(std::int64_t tries, milliseconds longest) const {
  constexpr std::int64_t kDoublings = 20;
  const auto doublings = std::clamp<std::int64_t>(tries - 1, 0, kDoublings);
  const auto base = std::min(options_.firstPause * (std::int64_t{1} << doublings), longest);
  const auto spread = static_cast<std::uint32_t>(std::max<std::int64_t>(base.count() / 2, 1));
  return base - milliseconds(spread / 2) + milliseconds(randombytes_uniform(spread));
}

// --- into the queue

QueuedMailer::Accepted QueuedMailer::accepted(Mail mail) const {
  const auto now = this->now();
  Accepted accepted;
  accepted.content.messageId = newMessageId(fromAddress_);
  composeMail(mail, from_, accepted.content.messageId, now);
  const auto latest = now + micros(options_.lifetime);
  accepted.expiresAt = mail.expiresAt == 0 ? latest : std::min(mail.expiresAt, latest);
  accepted.content.mail = std::move(mail);
  accepted.id = uuid7();
  const std::lock_guard lock(mutex_);
  if (stopping_) throw ServiceError(ErrorKind::unavailable, "mail: the server is stopping");
  return accepted;
}

void QueuedMailer::expectOutcome(const std::string& id, Done done) {
  if (!done) return;
  const std::lock_guard lock(mutex_);
  receivers_.emplace(id, Receiver{std::move(done)});
}

QueuedMailer::Done QueuedMailer::receiverOf(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto receiver = receivers_.find(id);
  if (receiver == receivers_.end()) return {};
  auto done = std::move(receiver->second.done);
  receivers_.erase(receiver);
  return done;
}

void QueuedMailer::store(const Accepted& mail) {
  if (queue_.add(mail.id, mail.content, now(), mail.expiresAt)) return;
  throw ServiceError(ErrorKind::full, "mail: " + std::to_string(options_.queueLength) + " mails are waiting", 30);
}

void QueuedMailer::nowQueued(const std::string& id) {
  if (queuedTotal_ != nullptr) queuedTotal_->add();
  ++queued_;
  {
    const std::lock_guard lock(mutex_);
    if (const auto receiver = receivers_.find(id); receiver != receivers_.end()) receiver->second.stored = true;
    ++arrivals_;
  }
  wake_.notify_one();
}

void QueuedMailer::send(Mail mail, Done done) {
  auto item = accepted(std::move(mail));
  const bool joined = db::waitsForCommit();
  // Before the row can be seen, since it may be sent at once.
  expectOutcome(item.id, std::move(done));
  try {
    store(item);
  } catch (const db::Error& error) {
    if (joined || error.kind() != db::ErrorKind::other) {
      receiverOf(item.id);
      throw;
    }
    // The thread holds SQLite's writer itself, in a transaction that cannot be joined.
    if (arrives(item)) return;
    receiverOf(item.id);
    throw;
  } catch (...) {
    receiverOf(item.id);
    throw;
  }
  if (!joined) return nowQueued(item.id);
  db::afterCommit([this, id = item.id] { nowQueued(id); },
                  [this, id = item.id] {
                    notify(receiverOf(id), {Outcome::stopped, "the transaction was rolled back", 0});
                  });
}

void QueuedMailer::sendLater(Mail mail, Done done) {
  auto item = accepted(std::move(mail));
  const auto id = item.id;
  expectOutcome(id, std::move(done));
  if (arrives(item)) return;
  receiverOf(id);
  throw ServiceError(ErrorKind::full, "mail: " + std::to_string(kMaxArriving) + " mails wait for the queue", 30);
}

bool QueuedMailer::arrives(Accepted& mail) {
  {
    const std::lock_guard lock(mutex_);
    if (arriving_.size() >= kMaxArriving) return false;
    arriving_.push_back(std::move(mail));
    keepNow_ = true;
  }
  keeperWake_.notify_one();
  return true;
}

void QueuedMailer::storeArrived() {
  std::vector<Accepted> arrived;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(arriving_);
  }
  std::vector<Accepted> waiting;
  bool away = false;
  for (auto& mail : arrived) {
    if (mail.expiresAt <= now() && !wasPicked(mail.id)) {
      if (expiredTotal_ != nullptr) expiredTotal_->add();
      notQueued(mail.id, {Outcome::gaveUp, "its time was over before it could be queued", 0});
    } else if (away) {
      waiting.push_back(std::move(mail));
    } else {
      try {
        storeOnce(mail);
        nowQueued(mail.id);
      } catch (const db::Error& error) {
        // Of a database that is away each of them would wait for a connection.
        away = error.kind() == db::ErrorKind::unavailable;
        if (away)
          databaseFailed(error);
        else
          log::warning("a mail can't be queued; it is tried again", {{"mail", mail.id}, {"reason", error.what()}});
        waiting.push_back(std::move(mail));
      } catch (const std::exception& error) {
        notQueued(mail.id, {Outcome::stopped, error.what(), 0});
      }
    }
  }
  const std::lock_guard lock(mutex_);
  arriving_.insert(arriving_.begin(), std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
}

void QueuedMailer::storeOnce(const Accepted& mail) {
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    again = !unsure_.emplace(mail.id, false).second;
  }
  if (!again) {
    store(mail);
  } else {
    const std::lock_guard one(picking_);  // so that no sender takes the row between the look and the insertion
    if (!wasPicked(mail.id)) store(mail);
  }
  const std::lock_guard lock(mutex_);
  unsure_.erase(mail.id);
}

bool QueuedMailer::wasPicked(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto unsure = unsure_.find(id);
  return unsure != unsure_.end() && unsure->second;
}

void QueuedMailer::notQueued(const std::string& id, const MailResult& result) {
  log::error("a mail was not queued", {{"mail", id}, {"reason", result.reason}});
  {
    const std::lock_guard lock(mutex_);
    unsure_.erase(id);
  }
  notify(receiverOf(id), result);
}

// --- out of the queue

void QueuedMailer::sendDue() {
  ::pthread_setname_np(::pthread_self(), "mail");
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (relayDue_ > Steady::now()) {
      if (stopping_) break;
      wake_.wait_until(lock, relayDue_);
      continue;
    }
    const auto arrivals = arrivals_;
    lock.unlock();
    std::optional<std::int64_t> due;
    std::optional<QueuedMail> row;
    bool failed = false;
    try {
      row = pick(due);
      if (row) sendOne(*row);
    } catch (const db::Error& error) {
      failed = true;
      databaseFailed(error);
    }
    lock.lock();
    if (row && !failed) continue;
    if (stopping_) break;
    if (failed) {
      wake_.wait_for(lock, kDatabasePause);
    } else if (arrivals == arrivals_) {
      auto wait = std::chrono::microseconds(options_.lease / 3);  // another server's mails may come
      if (due) wait = std::min(wait, std::chrono::microseconds(std::max<std::int64_t>(*due - now(), 0)));
      wake_.wait_for(lock, wait);
    }
  }
  --running_;
  idle_.notify_all();
}

std::optional<QueuedMail> QueuedMailer::pick(std::optional<std::int64_t>& due) {
  const std::lock_guard one(picking_);
  for (;;) {
    std::set<std::string> busy;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return std::nullopt;
      busy = busy_;
    }
    auto row = queue_.next(busy);
    if (!row) return std::nullopt;
    const auto now = this->now();
    if (row->dueAt > now && row->expiresAt > now) {
      due = row->dueAt;
      return std::nullopt;
    }
    const auto pause = micros(pauseAfter(row->tries + 1, options_.longestPause));
    if (!queue_.begin(row->id, std::min(now + pause, std::max(row->expiresAt, now)))) continue;  // another server's now
    const std::lock_guard lock(mutex_);
    databaseAway_ = false;
    busy_.insert(row->id);
    if (const auto unsure = unsure_.find(row->id); unsure != unsure_.end()) unsure->second = true;
    return row;
  }
}

void QueuedMailer::sendOne(const QueuedMail& row) {
  const auto tries = static_cast<int>(row.tries);
  if (row.expiresAt <= now()) {
    const auto reason = row.lastFailure.empty() ? std::string("its time was over before it could be sent")
                                                : "its time is over; the last try: " + row.lastFailure;
    return finish(row, {Outcome::gaveUp, reason, tries});
  }
  const auto result = attempt(row);
  note(result);
  switch (result.end) {
    case Try::End::sent:
      return finish(row, {Outcome::sent, {}, tries + 1});
    case Try::End::refused:
      return finish(row, {Outcome::refused, result.reason, tries + 1});
    case Try::End::later:
    case Try::End::relay:
    case Try::End::interrupted:
      return postpone(row, result);
  }
}

QueuedMailer::Try QueuedMailer::attempt(const QueuedMail& row) {
  std::string to;
  try {
    const auto content = queue_.unseal(row);
    to = content.mail.to;
    transport_->deliver({fromAddress_, to, composeMail(content.mail, from_, content.messageId, row.createdAt)});
    return {};
  } catch (const TransportError& error) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return {Try::End::interrupted, "the server stopped"};
    }
    const auto end = error.kind == TransportError::Kind::refused ? Try::End::refused
                     : error.kind == TransportError::Kind::later ? Try::End::later
                                                                 : Try::End::relay;
    return {end, shown(error.what(), to)};
  } catch (const std::exception& error) {
    return {Try::End::later, shown(error.what(), to)};
  }
}

void QueuedMailer::note(const Try& result) {
  if (result.end == Try::End::interrupted) return;
  std::string before;
  std::string after;
  {
    const std::lock_guard lock(mutex_);
    before = trouble_;
    const bool relay = result.end == Try::End::relay;
    relayFailures_ = relay ? relayFailures_ + 1 : 0;
    failures_ = relay || result.end == Try::End::later ? failures_ + 1 : 0;
    trouble_ = relay || failures_ >= kManyFailures ? result.reason : std::string();
    relayDue_ = relay ? Steady::now() + pauseAfter(relayFailures_, std::min(options_.longestPause, kMaxRelayPause))
                      : Steady::time_point{};
    after = trouble_;
  }
  if (before.empty() && !after.empty())
    log::warning("mails can't be delivered; they are tried again with growing pauses", {{"reason", after}});
  if (!before.empty() && after.empty()) log::info("mails are delivered again", {});
}

void QueuedMailer::postpone(const QueuedMail& row, const Try& result) {
  const auto now = this->now();
  const auto pause =
      result.end == Try::End::interrupted ? milliseconds{0} : pauseAfter(row.tries + 1, options_.longestPause);
  log::debug("mail not sent, will try again",
             {{"mail", row.id}, {"try", row.tries + 1}, {"wait_ms", pause.count()}, {"reason", result.reason}});
  try {
    queue_.failed(row.id, std::min(now + micros(pause), row.expiresAt), result.reason);
  } catch (const db::Error& error) {
    databaseFailed(error);  // pick() has noted a time already
  }
  const std::lock_guard lock(mutex_);
  busy_.erase(row.id);
}

void QueuedMailer::finish(const QueuedMail& row, const MailResult& result) {
  // Taken first: once the row is gone, the keeper forgets those who wait for it.
  const auto done = receiverOf(row.id);
  removeRow(row.id);
  --queued_;
  if (result.outcome == Outcome::sent) {
    if (sentTotal_ != nullptr) sentTotal_->add();
    log::debug("mail sent", {{"mail", row.id}, {"try", result.tries}});
  } else {
    auto* const total = result.outcome == Outcome::refused ? refusedTotal_ : expiredTotal_;
    if (total != nullptr) total->add();
    log::error("mail given up", {{"mail", row.id},
                                 {"queued_at", isoMillis(row.createdAt)},
                                 {"tries", result.tries},
                                 {"refused", result.outcome == Outcome::refused},
                                 {"reason", result.reason}});
  }
  notify(done, result);
}

void QueuedMailer::removeRow(const std::string& id) {
  try {
    queue_.remove(id);
    const std::lock_guard lock(mutex_);
    busy_.erase(id);
  } catch (const db::Error& error) {
    databaseFailed(error);
    const std::lock_guard lock(mutex_);
    done_.insert(id);  // the keeper tries again; until then it stays in busy_, so that it is not sent twice
  }
}

void QueuedMailer::notify(const Done& done, const MailResult& result) const {
  if (!done) return;
  try {
    done(result);
  } catch (const std::exception& error) {
    log::error("the receiver of a mail's outcome failed", {{"reason", error.what()}});
  }
}

// --- the keeper

void QueuedMailer::keep() {
  ::pthread_setname_np(::pthread_self(), "mail-queue");
  for (;;) {
    try {
      keepOnce();
    } catch (const db::Error& error) {
      queue_.forgetOthers();
      databaseFailed(error);
    }
    std::unique_lock lock(mutex_);
    keeperWake_.wait_for(lock, options_.lease / 3, [&] { return keepNow_ || stopped_; });
    if (stopped_) return;
    keepNow_ = false;
  }
}

void QueuedMailer::keepOnce() {
  storeArrived();
  std::set<std::string> done;
  std::vector<std::string> stored;
  std::uint64_t arrivals = 0;
  {
    const std::lock_guard lock(mutex_);
    done = done_;
    for (const auto& [id, receiver] : receivers_) {
      if (receiver.stored) stored.push_back(id);
    }
    arrivals = arrivals_;
  }
  for (const auto& id : done) {
    queue_.remove(id);
    const std::lock_guard lock(mutex_);
    done_.erase(id);
    busy_.erase(id);
  }
  const auto count = queue_.count();
  queued_ = static_cast<std::int64_t>(count);
  // Another server has them, or none: their outcome will not be known here.
  if (count == 0) {
    for (const auto& id : stored) receiverOf(id);
  }
  if (count > 0 || arrivals != beaten_) queue_.beat();
  beaten_ = arrivals;
  const auto now = this->now();
  queue_.bringForward(now, now + micros(options_.longestPause) * 2 + kClockTolerance,
                      now + micros(options_.lifetime) + kClockTolerance);
  const auto taken = queue_.takeOver(steadyMicros(), micros(options_.lease));
  if (taken > 0) log::info("mails that another process left are sent here now", {{"mails", taken}});
  {
    const std::lock_guard lock(mutex_);
    databaseAway_ = false;
    if (taken > 0) ++arrivals_;
  }
  wake_.notify_all();
}

void QueuedMailer::databaseFailed(const db::Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(databaseAway_, true)) return;
  }
  log::warning("the queue of mails can't be reached; it is tried again", {{"reason", error.what()}});
}

void QueuedMailer::stop(milliseconds limit) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopping_ = true;
  }
  storeArrived();
  {
    std::unique_lock lock(mutex_);
    wake_.notify_all();
    idle_.wait_for(lock, limit, [&] { return running_ == 0; });
    stopped_ = true;
    wake_.notify_all();
    keeperWake_.notify_all();
  }
  transport_->interrupt();
  for (auto& thread : threads_) thread.join();
  for (const auto& mail : std::exchange(arriving_, {})) {
    notQueued(mail.id, {Outcome::stopped, "the database is away and the server stops", 0});
  }
  if (!options_.sends) return;
  try {
    queued_ = static_cast<std::int64_t>(queue_.count());
    queue_.release();
  } catch (const db::Error& error) {
    databaseFailed(error);
  }
}

}  // namespace mortise::services::mail
