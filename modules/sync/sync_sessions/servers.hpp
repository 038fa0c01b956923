// Which process works on a session, and which of these processes are gone.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sync_sessions {

// A process that opened sessions.
struct Server {
  std::string id;       // new with each start
  std::string machine;  // equal for two processes that see each other's /proc entry; empty: not known
  std::int64_t processId = 0;
  std::int64_t processStartedAt = 0;  // clock ticks since the boot
  mortise::Time heardAt;

  static constexpr auto kFields = mortise::fields(
      "sync_servers", mortise::field("server_id", &Server::id).key(),
      mortise::field("machine", &Server::machine).fixed(), mortise::field("process_id", &Server::processId).fixed(),
      mortise::field("process_started_at", &Server::processStartedAt).fixed(),
      mortise::field("heard_at", &Server::heardAt));
};

// This process and its neighbours in sync_servers. [worker] [start]
class Servers {
 public:
  explicit Servers(mortise::Db db);

  // Of this process; new with each start.
  const std::string& self() const { return self_.id; }
  // Records that this process lives.
  void beat(mortise::Time now) const;
  // True when the process of `server` has ended: it was not heard of for `silence`, or there is no such process on this
  // machine. On SQLite a server is alone, so that every other one is gone.
  bool isGone(std::string_view server, std::chrono::milliseconds silence, mortise::Time now) const;
  // Removes servers without running sessions that were last heard of before `before`.
  void removeOld(mortise::Time before) const;

 private:
  mortise::Db db_;
  Server self_;
};

}  // namespace sync_sessions
