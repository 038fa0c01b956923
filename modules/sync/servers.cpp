#include "servers.hpp"

#include <unistd.h>

#include <mortise/uuid.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sync_sessions {
namespace {

// What two processes share when one can see the other's /proc entry: the boot of the machine and the namespace of
// process ids. Empty when the system does not say.
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

Servers::Servers(mortise::Db db)
    : db_(db),
      self_(mortise::makeUuid()),
      machine_(thisMachine()),
      processId_(::getpid()),
      processStartedAt_(startOf(::getpid())) {}

void Servers::beat(std::int64_t now) const {
  if (db_.execute("UPDATE sync_servers SET heard_at = :now WHERE server_id = :server_id",
                  {{"now", now}, {"server_id", self_}}) > 0) {
    return;
  }
  try {
    db_.execute(
        "INSERT INTO sync_servers (server_id, machine, process_id, process_started_at, heard_at) VALUES (:server_id, "
        ":machine, :process_id, :process_started_at, :now)",
        {{"server_id", self_},
         {"machine", machine_},
         {"process_id", processId_},
         {"process_started_at", processStartedAt_},
         {"now", now}});
  } catch (const mortise::db::Error& error) {
    if (error.kind() != mortise::db::Error::Kind::exists) throw;  // else another thread was faster
  }
}

bool Servers::isGone(std::string_view server, std::int64_t silence, std::int64_t now) const {
  if (server == self_) return false;
  if (db_.isSqlite()) return true;
  const auto found = db_.queryOne<std::string, std::int64_t, std::int64_t, std::int64_t>(
      "SELECT machine, process_id, process_started_at, heard_at FROM sync_servers WHERE server_id = :server_id",
      {{"server_id", server}});
  if (!found) return true;
  const auto& [machine, processId, processStartedAt, heardAt] = *found;
  if (now - heardAt > silence) return true;
  return !machine_.empty() && machine == machine_ && startOf(processId) != processStartedAt;
}

void Servers::forget(std::int64_t before) const {
  db_.execute(
      "DELETE FROM sync_servers WHERE heard_at < :before AND NOT EXISTS (SELECT 1 FROM sync_sessions WHERE "
      "sync_sessions.server_id = sync_servers.server_id AND sync_sessions.status = 'running')",
      {{"before", before}});
}

}  // namespace sync_sessions
