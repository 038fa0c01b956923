#include "desktop/desktops.hpp"

#include <mortise/problem.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace agent::desktop {
namespace {

using mortise::Problem;

constexpr int kBusyRetry = 30;                       // seconds
constexpr auto kRemembered = std::chrono::hours(1);  // when a desktop that has gone was seen last
constexpr std::string_view kDeleted = "its session was deleted";

}  // namespace

Desktops::Desktops(mortise::Host host, sandbox::Driver& driver, Options options)
    : driver_(driver),
      log_(host.log()),
      open_(host.metrics().gauge("desktops_open", "Desktops that run in boxes of this server")),
      refused_(host.metrics().counter("desktops_refused", "Desktops that were not begun because too many ran")),
      options_(options) {}

void Desktops::start(Moved moved) {
  moved_ = std::move(moved);
  looking_ = std::make_unique<sandbox::Periodic>();
  looking_->start(options_.lookEvery, [this] { look(); });
}

void Desktops::stop() {
  looking_.reset();
  Entries all;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return std::none_of(entries_.begin(), entries_.end(), [](const auto& item) { return item.second.changing; });
    });
    all.swap(entries_);
  }
  open_.set(0);
}

std::size_t Desktops::running() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const auto& item) { return item.second.changing || item.second.desktop; }));
}

// Under the lock, which is given away meanwhile. The entry stays where it is, because it is changing.
void Desktops::end(std::unique_lock<std::mutex>& lock, Entry& entry, const std::string& sessionId,
                   std::string_view why) {
  entry.changing = true;
  const auto desktop = std::move(entry.desktop);
  entry.desktop = nullptr;
  const bool presented = std::exchange(entry.presented, false);
  lock.unlock();
  if (why != kDeleted) {  // else the box goes with everything in it
    if (presented && moved_) moved_(sessionId, {});
    desktop->end();
  }
  log_.info("a desktop was ended", {{"session", sessionId}, {"why", why}});
  lock.lock();
  entry.changing = false;
  open_.set(static_cast<std::int64_t>(running()));
  changed_.notify_all();
}

// One more desktop fits, if need be after one that nobody looks at has gone.
void Desktops::makeRoom(std::unique_lock<std::mutex>& lock) {
  while (running() > options_.most) {
    auto idlest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      const auto& entry = it->second;
      if (entry.changing || !entry.desktop || entry.viewers > 0) continue;
      if (idlest == entries_.end() || entry.leftAt < idlest->second.leftAt) idlest = it;
    }
    if (idlest == entries_.end()) {
      refused_.add();
      throw Problem(503, "sandbox_busy").retryAfter(kBusyRetry).note("all desktops are in use: agent.sandbox_desktops");
    }
    end(lock, idlest->second, idlest->first, "another session needed the room");
  }
}

std::shared_ptr<Desktop> Desktops::begin(const std::string& sessionId, const sandbox::Stopped& stopped) {
  for (const auto& capability : driver_.capabilities()) {
    if (capability.name == "desktop" && !capability.available)
      throw Problem(503, "sandbox_unavailable")
          .with("reason", "this server has no desktops for sessions")
          .note(capability.detail)
          .retryAfter(60);
  }
  const auto since = Clock::now();
  auto desktop = std::make_shared<Desktop>(driver_.open(sessionId), stopped);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since).count();
  log_.info("a desktop was begun", {{"session", sessionId}, {"ms", took}});
  return desktop;
}

Desktops::Viewing Desktops::view(std::string_view sessionId, const sandbox::Stopped& stopped) {
  const std::string session(sessionId);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !entries_[session].changing; });
  auto& entry = entries_[session];
  ++entry.viewers;
  if (entry.desktop && entry.desktop->alive()) return Viewing(*this, session, entry.desktop);
  entry.changing = true;
  entry.desktop = nullptr;
  const auto done = [&] {
    entry.changing = false;
    open_.set(static_cast<std::int64_t>(running()));
    changed_.notify_all();
  };
  std::shared_ptr<Desktop> desktop;
  try {
    makeRoom(lock);
    lock.unlock();
    desktop = begin(session, stopped);
  } catch (const std::exception& error) {
    if (!lock.owns_lock()) lock.lock();
    --entry.viewers;
    const bool presented = std::exchange(entry.presented, false);  // on a desktop that had ended
    done();
    lock.unlock();
    if (presented && moved_) moved_(session, {});
    const auto* problem = dynamic_cast<const Problem*>(&error);
    log_.warning("a desktop could not be begun", {{"session", session},
                                                  {"code", problem != nullptr ? problem->code() : "none"},
                                                  {"reason", problem != nullptr ? problem->note() : error.what()}});
    throw;
  }
  lock.lock();
  entry.desktop = desktop;
  entry.presented = false;
  done();
  return Viewing(*this, session, std::move(desktop));
}

void Desktops::leave(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(sessionId);
  if (entry == entries_.end() || entry->second.viewers == 0) return;
  --entry->second.viewers;
  entry->second.leftAt = Clock::now();
}

void Desktops::present(std::string_view sessionId) {
  {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(sessionId);
    if (entry == entries_.end() || !entry->second.desktop || std::exchange(entry->second.presented, true)) return;
  }
  if (moved_) moved_(sessionId, kDisplay);
}

std::optional<Clock::time_point> Desktops::seenAt(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(sessionId);
  if (entry == entries_.end()) return std::nullopt;
  return entry->second.viewers > 0 ? Clock::now() : entry->second.leftAt;
}

void Desktops::remove(std::string_view sessionId) {
  std::unique_lock lock(mutex_);
  const auto entry = [&] { return entries_.find(sessionId); };
  changed_.wait(lock, [&] { return entry() == entries_.end() || !entry()->second.changing; });
  if (entry() == entries_.end()) return;
  if (entry()->second.desktop) end(lock, entry()->second, std::string(sessionId), kDeleted);
  if (const auto it = entry(); it != entries_.end() && !it->second.changing) entries_.erase(it);
}

// Ends what nobody looks at, and forgets what has ended by itself: with its box, or because a program in it killed it.
void Desktops::look() {
  std::unique_lock lock(mutex_);
  const auto now = Clock::now();
  std::vector<std::string> idle;
  for (const auto& [session, entry] : entries_) {
    if (entry.changing || !entry.desktop || entry.viewers > 0) continue;
    if (!entry.desktop->alive() || now - entry.leftAt.value_or(now) >= options_.idle) idle.push_back(session);
  }
  for (const auto& session : idle) {
    const auto entry = entries_.find(session);
    if (entry == entries_.end() || entry->second.changing || !entry->second.desktop || entry->second.viewers > 0)
      continue;
    end(lock, entry->second, session,
        entry->second.desktop->alive() ? "nobody looked at it" : "it had ended by itself");
  }
  std::erase_if(entries_, [&](const auto& item) {
    const auto& entry = item.second;
    return !entry.changing && !entry.desktop && entry.viewers == 0 &&
           (!entry.leftAt || now - *entry.leftAt >= kRemembered);
  });
}

}  // namespace agent::desktop
