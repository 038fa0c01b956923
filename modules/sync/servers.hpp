// Which process works on a session, and which of these processes are gone.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sync_sessions {

// This process and its neighbours in sync_servers. Times are microseconds since the epoch. [worker] [start]
class Servers {
 public:
  explicit Servers(mortise::Db db);

  // Of this process; new with each start.
  const std::string& self() const { return self_; }
  // Says that this process lives.
  void beat(std::int64_t now) const;
  // True when nobody works for `server` any more: it has not been heard of for `silence`, or its process on this
  // machine is gone. On SQLite a server is alone, so that every other one is gone.
  bool isGone(std::string_view server, std::int64_t silence, std::int64_t now) const;
  // Drops servers without sessions that were last heard of before.
  void forget(std::int64_t before) const;

 private:
  mortise::Db db_;
  std::string self_;
  std::string machine_;
  std::int64_t processId_;
  std::int64_t processStartedAt_;
};

}  // namespace sync_sessions
