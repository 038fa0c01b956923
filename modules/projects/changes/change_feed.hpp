// The open feeds of projects on this server. Each has a place in the project's changes and is sent what lies behind it, so
// that a lost event costs a few seconds, and never a change.
#pragma once

#include <mortise/events.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>
#include <mortise/stream.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "access/project_access.hpp"
#include "changes/change_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_store.hpp"

namespace projects {

class ChangeFeed final : public projects_contract::changes::ProjectChanges {
 public:
  // `access` must outlive this object.
  ChangeFeed(mortise::Host host, const ProjectAccess& access);
  ~ChangeFeed() override { end(); }
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  // In the module's start(), and its stop().
  void begin();
  void end();
  // The job purge_changes.
  void purge(mortise::JobRun& run);

 private:
  using Clock = std::chrono::steady_clock;
  struct Follower {
    std::string userId;
    std::int64_t position = 0;
    Clock::time_point nextCheck;
    std::shared_ptr<mortise::EventStream> stream;  // empty until it is open
  };
  using Followers = std::map<std::uint64_t, Follower>;
  // What the callbacks of streams hold, too: they may come after this object is gone.
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    std::uint64_t last = 0;
    std::map<std::string, Followers> followers;  // by project
    std::set<std::string> changed;               // projects that somebody follows
    bool isRunning = false;

    // Both with the mutex held. Null: it is gone.
    Follower* find(const std::string& projectId, std::uint64_t id);
    // Takes it out of the followers; the caller destroys it without the mutex, since that closes its stream.
    Followers::node_type take(const std::string& projectId, std::uint64_t id);
  };

  void followProject(mortise::Request& request) override;

  void run();
  // Sends what lies behind each follower's place; true when one that has read it all has more to come.
  bool serve(const std::string& projectId);
  void checkRights();
  void drop(const std::string& projectId, std::uint64_t id) const;

  mortise::Events events_;
  mortise::Log log_;
  mortise::Gauge open_;
  ProjectStore projects_;
  ChangeStore changes_;
  const ProjectAccess& access_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  mortise::Subscription subscription_;
  std::thread thread_;
};

}  // namespace projects
