#include "changes/change_feed.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <exception>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "changes/project_changes.hpp"

namespace projects {
namespace {

constexpr std::chrono::seconds kLook{5};     // between two looks at all projects that somebody follows
constexpr std::chrono::seconds kRights{60};  // between two looks at what a follower may see
constexpr std::int64_t kBatch = 500;
constexpr std::size_t kMaxQueued = 256U << 10U;  // bytes that a client has not read yet
constexpr std::chrono::days kKept{7};
constexpr std::int64_t kPurged = 1000;  // changes in a step

// The project of an event that this module published.
std::string projectOf(std::string_view payload) {
  constexpr std::string_view kBefore = "\"project_id\":\"";
  const auto at = payload.find(kBefore);
  if (at == std::string_view::npos) return {};
  payload.remove_prefix(at + kBefore.size());
  return std::string(payload.substr(0, payload.find('"')));
}

}  // namespace

ChangeFeed::Follower* ChangeFeed::State::find(const std::string& projectId, std::uint64_t id) {
  const auto ofProject = followers.find(projectId);
  if (ofProject == followers.end()) return nullptr;
  const auto follower = ofProject->second.find(id);
  return follower == ofProject->second.end() ? nullptr : &follower->second;
}

ChangeFeed::Followers::node_type ChangeFeed::State::take(const std::string& projectId, std::uint64_t id) {
  const auto ofProject = followers.find(projectId);
  if (ofProject == followers.end()) return {};
  auto taken = ofProject->second.extract(id);
  if (ofProject->second.empty()) followers.erase(ofProject);
  return taken;
}

ChangeFeed::ChangeFeed(mortise::Host host, const ProjectAccess& access)
    : events_(host.events()),
      log_(host.log()),
      open_(host.metrics().gauge("feeds_open", "Feeds of projects that clients hold open on this server")),
      projects_(host.db()),
      changes_(host.db()),
      access_(access) {}

void ChangeFeed::begin() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->isRunning = true;
  }
  thread_ = std::thread([this] { run(); });
  subscription_ = events_.subscribe("projects.*", [state = state_](const mortise::Event& event) {
    auto projectId = projectOf(event.payload);
    if (projectId.empty()) return;
    const std::lock_guard lock(state->mutex);
    if (!state->followers.contains(projectId)) return;
    state->changed.insert(std::move(projectId));
    state->wake.notify_all();
  });
}

void ChangeFeed::end() {
  subscription_.end();
  std::map<std::string, Followers> ended;  // closed without the lock
  {
    const std::lock_guard lock(state_->mutex);
    state_->isRunning = false;
    ended.swap(state_->followers);
    state_->wake.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ChangeFeed::followProject(mortise::Request& request) {
  const auto caller = request.principal();
  const auto project = access_.reach(request).project;
  const auto range = changes_.rangeOf(project.id);
  const auto seen = request.headerParameter("Last-Event-ID").integer();
  const bool isLost = seen && (*seen > range.newest || *seen + 1 < range.oldest);

  std::uint64_t id = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->isRunning) throw mortise::Problem(503, "unavailable").note("the server stops");
    id = ++state_->last;
    auto& follower = state_->followers[project.id][id];
    follower.userId = caller.userId;
    follower.position = seen && !isLost ? *seen : range.newest;
    follower.nextCheck = Clock::now() + kRights;
  }
  mortise::StreamOptions options;
  // It may come before openStream() returns, and after this feed is gone.
  options.onClosed = [state = state_, projectId = project.id, id] {
    Followers::node_type gone;  // closed without the lock
    const std::lock_guard lock(state->mutex);
    gone = state->take(projectId, id);
  };
  std::shared_ptr<mortise::EventStream> stream;
  try {
    stream = std::make_shared<mortise::EventStream>(request.openStream(std::move(options)));
  } catch (...) {
    drop(project.id, id);
    throw;
  }
  if (isLost) stream->send("reset", std::to_string(range.newest), "{}");
  const std::lock_guard lock(state_->mutex);
  auto* const follower = state_->find(project.id, id);
  if (follower == nullptr) return;  // closed meanwhile
  follower->stream = std::move(stream);
  state_->changed.insert(project.id);
  state_->wake.notify_all();
}

void ChangeFeed::drop(const std::string& projectId, std::uint64_t id) const {
  Followers::node_type gone;  // closed without the lock
  const std::lock_guard lock(state_->mutex);
  gone = state_->take(projectId, id);
}

void ChangeFeed::run() {
  auto nextLook = Clock::now() + kLook;
  for (;;) {
    std::set<std::string> changed;
    bool isLook = false;
    {
      std::unique_lock lock(state_->mutex);
      state_->wake.wait_until(lock, nextLook, [&] { return !state_->isRunning || !state_->changed.empty(); });
      if (!state_->isRunning) return;
      changed.swap(state_->changed);
      // Events may be lost, and do not come from other servers where these have no store in common: look at all, also
      // while events of some projects keep coming.
      if (const auto now = Clock::now(); now >= nextLook) {
        isLook = true;
        nextLook = now + kLook;
        std::int64_t open = 0;
        for (const auto& [projectId, followers] : state_->followers) {
          changed.insert(projectId);
          open += std::ssize(followers);
        }
        open_.set(open);
      }
    }
    for (const auto& projectId : changed) {
      try {
        if (!serve(projectId)) continue;
        const std::lock_guard lock(state_->mutex);
        state_->changed.insert(projectId);
      } catch (const std::exception& error) {
        log_.warning("changes of a project can't be read; the next look tries again",
                     {{"project", projectId}, {"reason", error.what()}});
      }
    }
    if (isLook) checkRights();
  }
}

bool ChangeFeed::serve(const std::string& projectId) {
  struct Open {
    std::uint64_t id;
    std::shared_ptr<mortise::EventStream> stream;
  };
  std::map<std::int64_t, std::vector<Open>> places;  // most are at the same one
  {
    const std::lock_guard lock(state_->mutex);
    const auto ofProject = state_->followers.find(projectId);
    if (ofProject == state_->followers.end()) return false;
    for (const auto& [id, follower] : ofProject->second) {
      if (follower.stream) places[follower.position].push_back({id, follower.stream});
    }
  }
  bool isMore = false;
  for (const auto& [position, followers] : places) {
    const auto changes = changes_.after(projectId, position, kBatch);
    if (changes.empty()) continue;
    std::vector<std::string> texts;
    texts.reserve(changes.size());
    for (const auto& change : changes) texts.push_back(textOf(change));
    for (const auto& follower : followers) {
      auto reached = position;
      for (std::size_t at = 0; at < changes.size(); ++at) {
        // A client that reads slowly gets the rest at the next look.
        if (follower.stream->queued() > kMaxQueued) break;
        const auto& change = changes[at];
        if (!follower.stream->send(mortise::detail::nameOf(change.event), std::to_string(change.number), texts[at]))
          break;  // onClosed removes it
        reached = change.number;
      }
      // Whoever reads slowly waits for the next look: to ask again at once would be to ask without end.
      isMore = isMore || (std::ssize(changes) == kBatch && reached == changes.back().number);
      const std::lock_guard lock(state_->mutex);
      if (auto* const at = state_->find(projectId, follower.id)) at->position = reached;
    }
  }
  return isMore;
}

void ChangeFeed::checkRights() {
  const auto now = Clock::now();
  struct Due {
    std::string projectId;
    std::uint64_t id;
    std::string userId;
  };
  std::vector<Due> due;
  {
    const std::lock_guard lock(state_->mutex);
    for (auto& [projectId, followers] : state_->followers) {
      for (auto& [id, follower] : followers) {
        if (follower.nextCheck > now) continue;
        follower.nextCheck = now + kRights;
        due.push_back({projectId, id, follower.userId});
      }
    }
  }
  for (const auto& [projectId, id, userId] : due) {
    try {
      const auto project = projects_.find(projectId);
      if (project && access_.userReaches(userId, *project)) continue;
    } catch (const std::exception& error) {
      log_.warning("whether a feed may stay open can't be told; the next look tries again",
                   {{"project", projectId}, {"reason", error.what()}});
      continue;
    }
    drop(projectId, id);
  }
}

void ChangeFeed::purge(mortise::JobRun& run) {
  const auto time = mortise::now() - kKept;
  std::int64_t count = 0;
  std::optional<ChangeStore::Place> place = ChangeStore::Place();
  while (place && !run.cancelled()) {
    const auto forgotten = changes_.forgetBefore(time, *place, kPurged);
    count += forgotten.count;
    place = forgotten.next;
  }
  run.output("forgot " + std::to_string(count) + " changes");
}

}  // namespace projects
