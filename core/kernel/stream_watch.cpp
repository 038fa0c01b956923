#include "core/kernel/stream_watch.hpp"

#include <pthread.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/kernel/websocket_refusal.hpp"
#include "core/ops/log.hpp"

namespace mortise::kernel {
namespace {

// Equal for principals that one check of the database covers.
using Identified = std::tuple<identity::Credential, std::string, std::string, std::string, std::int64_t>;

Identified identified(const identity::Principal& principal) {
  return {principal.credential, principal.userId, principal.sessionId, principal.keyId, principal.tokenGeneration};
}

// An access token may expire while a stream is open; a key or a cookie session ends the stream at its expiry.
bool byTime(const identity::Principal& principal) {
  return principal.credential == identity::Credential::key || principal.credential == identity::Credential::cookie;
}

bool ranOut(const identity::Principal& principal, std::int64_t nowSeconds) {
  return byTime(principal) && principal.expiresAt <= nowSeconds;
}

}  // namespace

void StreamWatch::Entry::end(const Problem& problem) const {
  if (stream) {
    ending == Ending::cut ? stream->abort() : stream->close();
    return;
  }
  const auto refusal = right.operation->closesRefused ? closeFor(problem) : CloseFrame{1008, problem.code};
  socket->close(refusal.code, refusal.reason);
}

StreamWatch::StreamWatch(identity::Identity& identity, Permission permission)
    : StreamWatch(identity, std::move(permission), Times{}) {}

StreamWatch::StreamWatch(identity::Identity& identity, Permission permission, Times times)
    : identity_(identity), permission_(std::move(permission)), times_(times), thread_([this] { run(); }) {}

StreamWatch::~StreamWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void StreamWatch::add(std::shared_ptr<http::Stream> stream, Ending ending, Right right) {
  add(Entry{std::move(stream), nullptr, std::move(right), ending});
}

void StreamWatch::add(std::shared_ptr<http::WebSocket> socket, Right right) {
  add(Entry{nullptr, std::move(socket), std::move(right)});
}

void StreamWatch::add(Entry entry) {
  if (!entry.right.principal || !entry.right.principal->signedIn()) return;
  const std::lock_guard lock(mutex_);
  entries_.push_back(std::move(entry));
}

std::size_t StreamWatch::watched() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void StreamWatch::run() {
  ::pthread_setname_np(::pthread_self(), "stream-watch");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, times_.look, [this] { return stopping_; });
    if (stopping_) return;
    std::erase_if(entries_, [](const Entry& entry) { return !entry.open(); });
    if (entries_.empty()) continue;
    lock.unlock();
    look();
    lock.lock();
  }
}

void StreamWatch::look() {
  const auto now = Clock::now();
  // Before the database is asked: a change meanwhile is seen in the next round.
  const auto revision = identity_.revision();
  auto entries = due(now, revision);
  if (entries.empty()) return;
  try {
    check(std::move(entries));
    checks_.fetch_add(1, std::memory_order_relaxed);
    if (std::exchange(failing_, false)) log::info("the rights of open streams are checked again");
  } catch (const std::exception& error) {
    // A database outage cuts no stream; the next round is soon.
    if (!std::exchange(failing_, true))
      log::warning("the rights of open streams can't be checked for now", {{"reason", error.what()}});
    seenRevision_ = 0;
    checkedAt_ = Clock::time_point{};
  }
}

std::vector<StreamWatch::Entry> StreamWatch::due(Clock::time_point now, std::optional<std::uint64_t> revision) {
  const bool changed = revision && *revision != seenRevision_;
  const bool all = changed || now - checkedAt_ >= (revision ? times_.recheck : times_.poll);
  if (all) {
    checkedAt_ = now;
    seenRevision_ = revision.value_or(0);
  }
  const std::int64_t seconds = nowMicros() / 1'000'000;
  std::vector<Entry> due;
  const std::lock_guard lock(mutex_);
  for (auto& entry : entries_) {
    // A new stream may have missed a change between its authentication and now.
    if (all || entry.unchecked || ranOut(*entry.right.principal, seconds)) due.push_back(entry);
    entry.unchecked = false;
  }
  return due;
}

void StreamWatch::requireStill(const Right& right, const identity::PrincipalPtr& principal) const {
  permission_(*right.operation, principal);
  for (const auto& permission : right.permissions) {
    if (!principal->permitted(permission)) throw Problem(403, "forbidden").with("permission", permission);
  }
}

void StreamWatch::check(std::vector<Entry> entries) {
  std::map<Identified, std::vector<Entry>> byPrincipal;
  std::vector<identity::PrincipalPtr> principals;
  for (auto& entry : entries) {
    auto& same = byPrincipal[identified(*entry.right.principal)];
    same.push_back(std::move(entry));
  }
  for (const auto& [key, same] : byPrincipal) principals.push_back(same.front().right.principal);
  const auto checked = identity_.recheck(principals);
  std::map<Identified, identity::PrincipalPtr> later;
  std::size_t next = 0;
  for (const auto& [key, same] : byPrincipal) {
    const auto& now = checked[next++];
    for (const auto& entry : same) {
      auto ended = now.ended;
      try {
        if (!ended) requireStill(entry.right, now.principal);
      } catch (const Problem& problem) {
        ended = problem;
      }
      if (!ended) continue;
      ended_.fetch_add(1, std::memory_order_relaxed);
      log::info(
          "a stream ended with its caller's rights",
          {{"operation", entry.right.operation->id}, {"user", entry.right.principal->userId}, {"code", ended->code}});
      entry.end(*ended);
    }
    // Use extends a cookie session: check again when the known expiry passes.
    if (now.principal && byTime(*now.principal)) later.emplace(key, now.principal);
  }
  if (later.empty()) return;
  const std::lock_guard lock(mutex_);
  for (auto& entry : entries_) {
    if (!byTime(*entry.right.principal)) continue;
    const auto now = later.find(identified(*entry.right.principal));
    if (now != later.end()) entry.right.principal = now->second;
  }
}

}  // namespace mortise::kernel
