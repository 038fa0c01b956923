#include "conversations/session_lists.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "conversations/live_events.hpp"
#include "conversations/session_views.hpp"

namespace agent {
namespace {

constexpr std::chrono::seconds kEvery{5};
constexpr std::chrono::seconds kApart{1};        // of two lists that changes led to
constexpr std::size_t kMaxQueued = 256U << 10U;  // a client that has not read so much gets the next list
constexpr std::int64_t kMaxOfAll = 1000;         // of everybody, in one list

}  // namespace

SessionLists::SessionLists(mortise::Host host, const SessionStore& store, std::int64_t most)
    : events_(host.events()), log_(host.log()), store_(store), most_(most) {}

void SessionLists::start() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->isRunning = true;
  }
  thread_ = std::thread([this] { run(); });
  changes_ = events_.subscribe(kSessionTopic, [this](const mortise::Event& event) { changed(ownerOf(event.payload)); });
}

void SessionLists::stop() {
  changes_.end();
  std::map<std::uint64_t, Follower> ended;  // closed without the lock
  {
    const std::lock_guard lock(state_->mutex);
    state_->isRunning = false;
    ended.swap(state_->followers);
    state_->wake.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void SessionLists::open(const mortise::Request& request, const std::string& owner) {
  std::uint64_t key = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->isRunning) throw mortise::Problem(503, "unavailable").note("the server stops");
    key = ++state_->last;
    state_->followers[key].owner = owner;
  }
  const auto remove = [state = state_, key] {
    std::map<std::uint64_t, Follower>::node_type gone;  // closed without the lock
    const std::lock_guard lock(state->mutex);
    gone = state->followers.extract(key);
  };
  mortise::StreamOptions options;
  options.onClosed = remove;  // may come before openStream() returns, and after this object is gone
  std::shared_ptr<mortise::EventStream> stream;
  try {
    stream = std::make_shared<mortise::EventStream>(request.openStream(std::move(options)));
  } catch (...) {
    remove();
    throw;
  }
  const std::lock_guard lock(state_->mutex);
  if (const auto at = state_->followers.find(key); at != state_->followers.end()) at->second.stream = std::move(stream);
  state_->wake.notify_all();
}

std::string SessionLists::text(const std::string& owner) const {
  return sessionListText(store_.list(owner, owner.empty() ? kMaxOfAll : most_));
}

void SessionLists::changed(const std::string& owner) const {
  const std::lock_guard lock(state_->mutex);
  const auto now = Clock::now();
  for (auto& [key, follower] : state_->followers) {
    if (follower.owner.empty() || follower.owner == owner)
      follower.dueAt = std::min(follower.dueAt, std::max(now, follower.sentAt + kApart));
  }
  state_->wake.notify_all();
}

void SessionLists::run() {
  for (;;) {
    // Streams of one user get the same text.
    std::map<std::string, std::vector<std::shared_ptr<mortise::EventStream>>> due;
    {
      std::unique_lock lock(state_->mutex);
      auto next = Clock::now() + kEvery;
      for (const auto& [key, follower] : state_->followers) {
        if (follower.stream) next = std::min(next, follower.dueAt);
      }
      if (next > Clock::now()) state_->wake.wait_until(lock, next);
      if (!state_->isRunning) return;
      const auto now = Clock::now();
      for (auto& [key, follower] : state_->followers) {
        if (!follower.stream || follower.dueAt > now) continue;
        follower.sentAt = now;
        follower.dueAt = now + kEvery;
        if (follower.stream->queued() <= kMaxQueued) due[follower.owner].push_back(follower.stream);
      }
    }
    for (const auto& [owner, streams] : due) {
      try {
        const auto list = text(owner);
        for (const auto& stream : streams) stream->send("sessions", {}, list);
      } catch (const std::exception& error) {
        log_.warning("a list of sessions can't be read; the next one may be", {{"reason", error.what()}});
      }
    }
  }
}

}  // namespace agent
