#include "tests/peers/postgres.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace mortise::peers {
namespace {

namespace fs = std::filesystem;

std::string findBinaries() {
  std::string best;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    const std::string bin = version.path().string() + "/bin";
    if (fs::exists(bin + "/postgres", none) && bin > best) best = bin;
  }
  return best;
}

std::string readAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string tail(const std::string& text) {
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 1500));
}

}  // namespace

Postgres* Postgres::shared() {
  static const bool kInstalled = !findBinaries().empty();
  if (!kInstalled) return nullptr;
  static const std::unique_ptr<Postgres> kServer = std::make_unique<Postgres>();
  return kServer.get();
}

Postgres::Postgres(int maxConnections) : binaries_(findBinaries()), maxConnections_(maxConnections) {
  if (binaries_.empty()) throw std::runtime_error("PostgreSQL is not installed (/usr/lib/postgresql/*/bin)");
  const std::string& home = directory_.path();
  giveToNobody(home);
  Process initdb({{binaries_ + "/initdb", "-D", home + "/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
                  home,
                  true,
                  home + "/initdb.log"});
  if (initdb.wait(std::chrono::seconds(60)) != 0)
    throw std::runtime_error("initdb failed: " + tail(readAll(home + "/initdb.log")));
  start();
  sql("CREATE ROLE app LOGIN");
}

Postgres::~Postgres() {
  thaw();
  stop();
}

void Postgres::start() {
  const std::string& home = directory_.path();
  server_ = std::make_unique<Process>(
      Launch{{binaries_ + "/postgres", "-D", home + "/data", "-k", home, "-c", "listen_addresses=", "-c",
              "shared_buffers=64MB", "-c", "max_connections=" + std::to_string(maxConnections_), "-c", "fsync=off",
              "-c", "full_page_writes=off", "-c", "max_wal_size=2GB"},
             home,
             true,
             home + "/server.log"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (true) {
    Process ready({{binaries_ + "/pg_isready", "-q", "-h", home}, home, true, ""});
    if (ready.wait(std::chrono::seconds(5)) == 0) return;
    if (!server_->running() || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("PostgreSQL did not come up: " + tail(readAll(home + "/server.log")));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void Postgres::stop() {
  if (!server_) return;
  server_->signal(SIGINT);  // fast; SIGTERM would wait for every client
  if (server_->wait(std::chrono::seconds(10)) == -1) server_->signal(SIGKILL);
  server_.reset();
}

std::string Postgres::sql(const std::string& statements, const std::string& database) {
  const std::string& home = directory_.path();
  const std::string out = home + "/psql.out";
  ::unlink(out.c_str());
  Process psql({{binaries_ + "/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", home, "-U", "postgres",
                 "-d", database, "-c", statements},
                home,
                true,
                out});
  const int status = psql.wait(std::chrono::minutes(5));  // a busy machine may take long to analyze large tables
  const std::string text = readAll(out);
  if (status != 0) throw std::runtime_error("psql failed: " + tail(text));
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

std::string Postgres::newDatabase(const std::string& original) {
  const std::string name = "t" + std::to_string(++databases_);
  sql("CREATE DATABASE " + name + " OWNER app TEMPLATE " + original);
  return "postgresql:host=" + directory_.path() + " user=app dbname=" + name;
}

// Each backend of PostgreSQL has its own session, so find it by its parent.
void Postgres::signalAll(int number) {
  if (!server_ || !server_->running()) return;
  const std::string parent = std::to_string(server_->id());
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/proc", none)) {
    const std::string stat = readAll(entry.path().string() + "/stat");
    const std::size_t close = stat.rfind(')');
    if (close == std::string::npos) continue;
    std::istringstream rest(stat.substr(close + 1));
    std::string state, parentId;
    rest >> state >> parentId;
    if (parentId == parent) ::kill(static_cast<pid_t>(std::stol(entry.path().filename().string())), number);
  }
  server_->signal(number);
}

void Postgres::freeze() { signalAll(SIGSTOP); }
void Postgres::thaw() { signalAll(SIGCONT); }

}  // namespace mortise::peers
