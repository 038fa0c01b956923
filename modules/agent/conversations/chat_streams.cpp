#include "conversations/chat_streams.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace agent {
namespace {

// A stream to which nothing was told for so long is compared with the database.
constexpr std::chrono::seconds kLook{5};
constexpr std::chrono::seconds kAttachment{60};  // how long a server counts as reading a session after its last word
constexpr std::int64_t kBatch = 200;
constexpr std::size_t kBatchBytes = 256U << 10U;
constexpr std::size_t kMaxQueued = 256U << 10U;  // bytes that a client has not read yet

}  // namespace

ChatStreams::ChatStreams(mortise::Host host, Conversations& conversations)
    : events_(host.events()),
      log_(host.log()),
      open_(host.metrics().gauge("streams_open", "Streams of sessions that clients hold open on this server")),
      caughtUp_(host.metrics().counter("stream_reads_total", "Times that a stream was served from the database")),
      conversations_(conversations) {}

void ChatStreams::start() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->isRunning = true;
  }
  thread_ = std::thread([this] { run(); });
  live_ = events_.subscribe(kLiveTopic, [this](const mortise::Event& event) { take(event); });
}

void ChatStreams::stop() {
  live_.end();
  std::map<std::uint64_t, FollowerPtr> ended;
  {
    const std::lock_guard lock(state_->mutex);
    state_->isRunning = false;
    ended.swap(state_->followers);
    state_->bySession.clear();
    state_->due.clear();
    state_->wake.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  for (const auto& [key, follower] : ended) {
    std::shared_ptr<mortise::EventStream> stream;
    const std::lock_guard lock(follower->mutex);
    stream.swap(follower->stream);
  }
}

void ChatStreams::open(const mortise::Request& request, const std::string& sessionId, const Place& place) {
  auto follower = std::make_shared<Follower>();
  follower->sessionId = sessionId;
  follower->isOwner = place.isOwner;
  follower->number = place.number;
  follower->id = place.id;
  follower->heardAt = Clock::now();
  std::uint64_t key = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->isRunning) throw mortise::Problem(503, "unavailable").note("the server stops");
    key = ++state_->last;
    state_->followers.emplace(key, follower);
    state_->bySession.emplace(sessionId, key);
    open_.set(static_cast<std::int64_t>(state_->followers.size()));
  }
  if (place.isOwner) {
    conversations_.store().attach(sessionId, conversations_.server(), mortise::now() + kAttachment);
    conversations_.clearUnread(sessionId);
  }
  mortise::StreamOptions options;
  // It may come before openStream() returns, and after this object is gone.
  options.onClosed = [state = state_, key] { remove(state, key); };
  options.onDrained = [state = state_, key] {
    const std::lock_guard lock(state->mutex);
    if (!state->followers.contains(key)) return;
    state->due.insert(key);
    state->wake.notify_all();
  };
  try {
    auto stream = std::make_shared<mortise::EventStream>(request.openStream(std::move(options)));
    const std::lock_guard lock(follower->mutex);
    follower->stream = std::move(stream);
  } catch (...) {
    remove(state_, key);
    throw;
  }
  due(key);
}

void ChatStreams::due(std::uint64_t key) const {
  const std::lock_guard lock(state_->mutex);
  state_->due.insert(key);
  state_->wake.notify_all();
}

void ChatStreams::remove(const std::shared_ptr<State>& state, std::uint64_t key) {
  FollowerPtr gone;  // closed without the lock
  const std::lock_guard lock(state->mutex);
  const auto at = state->followers.find(key);
  if (at == state->followers.end()) return;
  gone = std::move(at->second);
  state->followers.erase(at);
  state->due.erase(key);
  const auto [first, last] = state->bySession.equal_range(gone->sessionId);
  const auto entry = std::find_if(first, last, [&](const auto& each) { return each.second == key; });
  if (entry != last) state->bySession.erase(entry);
  if (!gone->isOwner) return;
  const auto [from, to] = state->bySession.equal_range(gone->sessionId);
  const bool isLast = std::none_of(from, to, [&](const auto& each) {
    const auto other = state->followers.find(each.second);
    return other != state->followers.end() && other->second->isOwner;
  });
  if (!isLast) return;
  state->left.insert(gone->sessionId);
  state->wake.notify_all();
}

std::vector<std::pair<std::uint64_t, ChatStreams::FollowerPtr>> ChatStreams::followersOf(
    std::string_view sessionId) const {
  std::vector<std::pair<std::uint64_t, FollowerPtr>> out;
  const std::lock_guard lock(state_->mutex);
  const auto [first, last] = state_->bySession.equal_range(sessionId);
  for (auto at = first; at != last; ++at) {
    if (const auto follower = state_->followers.find(at->second); follower != state_->followers.end())
      out.emplace_back(at->second, follower->second);
  }
  return out;
}

bool ChatStreams::send(Follower& follower, std::int64_t number, EventId id, std::string_view kind, bool partial,
                       std::string_view data) {
  if (id <= follower.id) {
    // A partial message that an event of somebody else overtook, or an event that was read meanwhile.
    return partial || number <= follower.number;
  }
  if (number != follower.number + (partial ? 0 : 1)) return false;
  if (follower.stream->queued() > kMaxQueued) return partial;      // the next partial message has its text, too
  if (!follower.stream->send(kind, id.text(), data)) return true;  // onClosed removes it
  follower.id = id;
  follower.number = number;
  follower.heardAt = Clock::now();
  return true;
}

void ChatStreams::take(const mortise::Event& event) {
  if (event.lost > 0) {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [key, follower] : state_->followers) state_->due.insert(key);
    state_->wake.notify_all();
  }
  const auto followers = followersOf(sessionOf(event.payload));
  if (followers.empty()) return;
  const auto live = readLiveEvent(event.payload);
  if (!live) return;
  for (const auto& [key, follower] : followers) {
    bool isDue = false;
    bool isOver = false;
    {
      const std::lock_guard lock(follower->mutex);
      if (!follower->stream || follower->isEnded) {
        isDue = !follower->isEnded;
      } else if (live->kind == "deleted") {
        isDue = true;
        follower->isBehind = true;
      } else if (follower->isBehind) {
        follower->told = std::max(follower->told, live->number);
        isDue = !live->partial;
      } else if (!send(*follower, live->number, live->id, live->kind, live->partial, live->data)) {
        follower->isBehind = true;
        follower->told = live->number;
        isDue = true;
      } else if (!live->partial && endsStream(live->kind) && live->id == follower->id) {
        isOver = true;
        follower->isEnded = true;
      }
    }
    if (isDue) due(key);
    if (isOver) end(key, follower);
  }
}

void ChatStreams::end(std::uint64_t key, const FollowerPtr& follower) const {
  std::shared_ptr<mortise::EventStream> stream;
  {
    const std::lock_guard lock(follower->mutex);
    follower->isEnded = true;
    stream.swap(follower->stream);
  }
  if (stream) stream->close();
  remove(state_, key);
}

void ChatStreams::run() {
  for (;;) {
    std::vector<std::pair<std::uint64_t, FollowerPtr>> due;
    std::set<std::string> left;
    {
      std::unique_lock lock(state_->mutex);
      state_->wake.wait_for(lock, kLook,
                            [&] { return !state_->isRunning || !state_->due.empty() || !state_->left.empty(); });
      if (!state_->isRunning) return;
      const auto silent = Clock::now() - kLook;
      for (const auto& [key, follower] : state_->followers) {
        if (state_->due.contains(key) || follower->heardAt.load() < silent) due.emplace_back(key, follower);
      }
      state_->due.clear();
      left.swap(state_->left);
      open_.set(static_cast<std::int64_t>(state_->followers.size()));
    }
    for (const auto& [key, follower] : due) {
      try {
        catchUp(key, follower);
      } catch (const std::exception& error) {
        log_.warning("the events of a session can't be read; the next look tries again",
                     {{"session", follower->sessionId}, {"reason", error.what()}});
      }
    }
    for (const auto& id : left) {
      const auto others = followersOf(id);
      if (std::any_of(others.begin(), others.end(), [](const auto& each) { return each.second->isOwner; })) continue;
      try {
        conversations_.store().detach(id, conversations_.server());
        conversations_.clearUnread(id);
      } catch (const std::exception& error) {
        log_.warning("a session can't be marked as read", {{"session", id}, {"reason", error.what()}});
      }
    }
    keepAttachments();
  }
}

void ChatStreams::catchUp(std::uint64_t key, const FollowerPtr& follower) {
  std::int64_t number = 0;
  {
    const std::lock_guard lock(follower->mutex);
    if (!follower->stream || follower->isEnded) return;
    follower->isBehind = true;
    follower->heardAt = Clock::now();
    number = follower->number;
    if (follower->stream->queued() > kMaxQueued) return;  // onDrained, or the next look, goes on
  }
  caughtUp_.add();
  auto page = conversations_.store().page(follower->sessionId, number, kBatch, kBatchBytes);
  if (!page.isGone && page.isRunning() && page.events.empty()) {
    // Nobody says the end of a task whose server is gone.
    if (conversations_.repair(follower->sessionId, page.lease))
      page = conversations_.store().page(follower->sessionId, number, kBatch, kBatchBytes);
  }
  bool isOver = false;
  {
    const std::lock_guard lock(follower->mutex);
    if (!follower->stream || follower->isEnded) return;
    if (page.isGone) {
      const EventId id{follower->id.ms, follower->id.seq + 1};
      follower->stream->send("done", id.text(), dataOf(doneEvent(), id, mortise::nowMicros() / 1'000'000));
      isOver = true;
    }
    for (const auto& event : page.events) {
      if (follower->stream->queued() > kMaxQueued) break;
      // Behind a partial message of the client's cursor come events with greater ids only.
      if (event.number <= follower->number) continue;
      if (!follower->stream->send(event.kind, event.id().text(), event.data)) return;  // onClosed removes it
      follower->number = event.number;
      follower->id = std::max(follower->id, event.id());
      if (endsStream(event.kind) && event.id() >= page.taskStart) {
        isOver = true;
        break;
      }
    }
    if (!isOver && follower->number >= page.newest) {
      if (!page.isAtWork()) {
        isOver = true;
      } else if (follower->told <= follower->number) {
        follower->isBehind = false;
      }
    }
    if (isOver) follower->isEnded = true;
  }
  if (isOver) {
    end(key, follower);
    return;
  }
  const std::lock_guard lock(follower->mutex);
  if (follower->isBehind && follower->stream && follower->stream->queued() <= kMaxQueued) due(key);
}

// Before a server counts as gone.
void ChatStreams::keepAttachments() {
  if (Clock::now() - attachedAt_ < kAttachment / 3) return;
  attachedAt_ = Clock::now();
  std::set<std::string> sessions;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [key, follower] : state_->followers) {
      if (follower->isOwner) sessions.insert(follower->sessionId);
    }
  }
  for (const auto& id : sessions) {
    try {
      conversations_.store().attach(id, conversations_.server(), mortise::now() + kAttachment);
    } catch (const std::exception& error) {
      log_.warning("a session can't be marked as read", {{"session", id}, {"reason", error.what()}});
    }
  }
}

}  // namespace agent
