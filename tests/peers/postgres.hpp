// A real PostgreSQL server for tests, started once per test binary: Unix socket only, as user nobody, in a temporary
// directory. It does not wait for the disk: its data survives the end of its processes, but no power cut.
#pragma once

#include <memory>
#include <string>

#include "tests/peers/process.hpp"

namespace mortise::peers {

class Postgres {
 public:
  // The binary's one server, started at the first call (about 1.5 s) and stopped at exit. nullptr when PostgreSQL is
  // not installed: skip then. Throws std::runtime_error, with the end of the server's log, when it does not come up.
  static Postgres* shared();

  explicit Postgres(int maxConnections = 40);
  ~Postgres();

  // The directory of the socket: "host=<socketDirectory> user=app dbname=...".
  const std::string& socketDirectory() const { return directory_.path(); }
  // A new database with a unique name, empty or a copy of the database `original`, to which nobody may be connected;
  // returns its URL for db.url, whose end is "dbname=" and its name. The login "app" is an ordinary role, as in
  // production.
  std::string newDatabase(const std::string& original = "template1");
  // Runs SQL as the superuser in `database`; returns psql's output (unaligned, rows only). Throws when it fails.
  std::string sql(const std::string& statements, const std::string& database = "postgres");

  void stop();    // fast shutdown; sessions are cut
  void start();   // again, on the same data
  void freeze();  // SIGSTOP to every process of the server
  void thaw();

 private:
  void signalAll(int number);

  TempDirectory directory_{"mortise-pg"};
  std::string binaries_;
  int maxConnections_;
  int databases_ = 0;
  std::unique_ptr<Process> server_;
};

}  // namespace mortise::peers
