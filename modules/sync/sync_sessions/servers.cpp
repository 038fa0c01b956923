#include "sync_sessions/servers.hpp"

#include <unistd.h>

#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sync_sessions {
namespace {

// The boot of the machine and the namespace of process ids: two processes share both when one can see the other's /proc
// entry. Empty when the system does not tell.
std::string thisMachine() {
  std::ifstream boot("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(boot, id);
  std::error_code ignored;
  const auto processes = std::filesystem::read_symlink("/proc/self/ns/pid", ignored);
  if (id.empty() || processes.empty()) return {};
  return id + " " + processes.string();
}

// When a process started, in clock ticks since the boot, so that a reused id is not taken for it; 0 when there is none.
std::int64_t startOf(std::int64_t processId) {
  std::ifstream file("/proc/" + std::to_string(processId) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const auto stat = text.str();
  // The second field is the name in parentheses and may hold anything; the start is the 22nd.
  const auto name = stat.rfind(')');
  if (name == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name + 1));
  std::string field;
  constexpr int kFieldsBefore = 19;
  for (int i = 0; i < kFieldsBefore; ++i) {
    fields >> field;
    if (i == 0 && (field == "Z" || field == "X")) return 0;
  }
  std::int64_t started = 0;
  fields >> started;
  return started;
}

}  // namespace

Servers::Servers(mortise::Db db) : db_(db) {
  self_.id = mortise::makeUuid();
  self_.machine = thisMachine();
  self_.processId = ::getpid();
  self_.processStartedAt = startOf(self_.processId);
}

void Servers::beat(mortise::Time now) const {
  auto server = self_;
  server.heardAt = now;
  mortise::db::upsert(db_, server);
}

bool Servers::isGone(std::string_view id, std::chrono::milliseconds silence, mortise::Time now) const {
  if (id == self_.id) return false;
  if (db_.isSqlite()) return true;
  const auto server = mortise::db::find<Server>(db_, std::string(id));
  if (!server || now - server->heardAt > silence) return true;
  return !self_.machine.empty() && server->machine == self_.machine &&
         startOf(server->processId) != server->processStartedAt;
}

void Servers::removeOld(mortise::Time before) const {
  db_.execute(
      "DELETE FROM sync_servers WHERE heard_at < :before AND NOT EXISTS (SELECT 1 FROM sync_sessions WHERE "
      "sync_sessions.server_id = sync_servers.server_id AND sync_sessions.status = 'running')",
      {{"before", before}});
}

}  // namespace sync_sessions
