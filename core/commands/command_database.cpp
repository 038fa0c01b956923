// migrate, backup, restore
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "core/base/identifiers.hpp"
#include "core/commands/backup_archive.hpp"
#include "core/commands/command.hpp"
#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/kernel/data_lock.hpp"
#include "core/kernel/module_set.hpp"
#include "core/kernel/storage.hpp"

namespace mortise::commands {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDatabaseFile = "mortise.db";

int migrate(const Program& program, const Arguments& arguments) {
  const auto server = prepare(program, arguments);
  if (arguments.has("dry-run")) {
    server->openStores();
    const auto show = [](const std::string& owner, const std::vector<std::string>& names) {
      for (const auto& name : names) std::cout << "would apply " << owner << ": " << name << '\n';
    };
    show("kernel", db::pending(server->database(), "kernel", identity::kernelMigrations()));
    for (const auto& module : server->modules().all()) {
      if (module.enabled && module.refusal.empty())
        show(module.manifest->name,
             db::pending(server->database(), module.manifest->name, module.manifest->migrations));
    }
    return 0;
  }
  const auto applied = server->migrate();
  for (const auto& name : applied) std::cout << "applied " << name << '\n';
  for (const auto& line : server->refusals()) std::cerr << "mortise: " << line << '\n';
  if (applied.empty()) std::cout << "nothing to apply\n";
  return server->refusals().empty() ? 0 : 1;
}

std::string secretFileOf(const kernel::Kernel& server) {
  const auto file = server.config().text("identity.secret_file");
  return file.empty() ? server.config().text("data.dir") + "/secret" : file;
}

std::string blobDirectoryOf(const kernel::Kernel& server) { return kernel::localBlobDirectory(server.config()); }

// Removed with everything in it when it goes out of scope.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& parent) : path_(parent + "/scratch-XXXXXX") {
    fs::create_directories(parent);
    if (!::mkdtemp(path_.data())) throw std::runtime_error("can't make a directory in " + parent);
  }
  ~ScratchDirectory() {
    std::error_code failure;
    fs::remove_all(path_, failure);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

int backup(const Program& program, const Arguments& arguments) {
  const auto server = prepare(program, arguments);
  server->openStores();
  const auto data = server->config().text("data.dir");
  const ScratchDirectory scratch(data);
  const auto copy = scratch.path() + "/" + kDatabaseFile;
  server->database().backupTo(copy);
  std::vector<ArchiveInput> inputs{{kDatabaseFile, copy}, {"secret", secretFileOf(*server)}};
  const auto blobs = blobDirectoryOf(*server);
  std::error_code failure;
  if (blobs.empty()) {
    std::cerr << "mortise backup: blobs are not on this disk and are not part of the backup\n";
  } else if (fs::is_directory(blobs)) {
    for (const auto& entry : fs::recursive_directory_iterator(blobs)) {
      if (entry.is_regular_file())
        inputs.push_back({"blobs/" + fs::relative(entry.path(), blobs).string(), entry.path().string()});
    }
  }
  if (fs::exists(data + "/modules.disabled", failure))
    inputs.push_back({"modules.disabled", data + "/modules.disabled"});
  writeArchive(arguments.word(0), inputs);
  std::cout << "wrote " << arguments.word(0) << " (" << inputs.size() << " files, " << fs::file_size(arguments.word(0))
            << " bytes); it holds the server's secret: keep it safe\n";
  return 0;
}

void verifyDatabase(const std::string& file) {
  db::Options options;
  options.url = "sqlite:" + file;
  options.connections = 1;
  const auto database = db::Database::open(options);
  const auto session = database->lease(db::Access::read);
  const db::ColumnType types[] = {db::ColumnType::text};
  const auto rows = session->query("PRAGMA integrity_check", {}, types);
  if (!rows->next() || rows->text(0) != "ok")
    throw std::runtime_error("the database in the backup is damaged: " + std::string(rows->text(0)));
}

int restore(const Program& program, const Arguments& arguments) {
  const auto server = prepare(program, arguments);
  const auto data = server->config().text("data.dir");
  if (const auto url = server->config().text("db.url"); !url.empty() && url != "sqlite:" + data + "/" + kDatabaseFile) {
    throw std::runtime_error("db.url (" + server->config().origin("db.url") + ") names another database than " + data +
                             "/" + kDatabaseFile + "; restore works on the database in data.dir only");
  }
  fs::create_directories(data);
  ::chmod(data.c_str(), 0700);
  const kernel::DataLock lock(data);
  const ScratchDirectory scratch(data);
  const auto names = extractArchive(arguments.word(0), scratch.path());
  verifyDatabase(scratch.path() + "/" + kDatabaseFile);
  // Everything is verified: set the old aside, then move the new in. Renames only, so nothing can be half-written.
  const auto aside = data + "/replaced-" + std::to_string(nowMicros() / 1'000'000);
  fs::create_directories(aside);
  for (const auto* name :
       {"mortise.db", "mortise.db-wal", "mortise.db-shm", "secret", "blobs", "modules.disabled", "identity.revision"}) {
    if (fs::exists(data + "/" + name)) fs::rename(data + "/" + name, aside + "/" + name);
  }
  for (const auto* name : {"mortise.db", "secret", "blobs", "modules.disabled"}) {
    if (fs::exists(scratch.path() + "/" + name)) fs::rename(scratch.path() + "/" + name, data + "/" + name);
  }
  std::cout << "restored " << names.size() << " files into " << data << "; what was there before is in " << aside
            << '\n';
  return 0;
}

}  // namespace

std::vector<Command> databaseCommands() {
  return {
      {"migrate",
       "Bring the database to what this server and its modules need",
       {"mortise migrate [--dry-run]",
        "Applies missing migrations of the kernel and of every enabled module, each in one transaction. serve does the "
        "same.",
        {},
        {{"dry-run", "", "Only list what would be applied"}}},
       migrate},
      {"backup",
       "Write database, blobs and secret into one file while the server runs",
       {"mortise backup FILE.tar.gz",
        "SQLite only (for PostgreSQL use pg_dump). The copy is consistent; writers go on meanwhile.",
        {"FILE"},
        {}},
       backup},
      {"restore",
       "Put a backup in the place of the present data; the server must be stopped",
       {"mortise restore FILE.tar.gz",
        "Extracts beside the data, verifies every checksum and the database, and only then replaces anything. The old "
        "data is kept aside.",
        {"FILE"},
        {}},
       restore},
  };
}

}  // namespace mortise::commands
