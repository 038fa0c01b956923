// migrate, backup, restore
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

#include "core/base/identifiers.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/unique_fd.hpp"
#include "core/commands/backup_archive.hpp"
#include "core/commands/command.hpp"
#include "core/commands/data_owner.hpp"
#include "core/commands/opened_server.hpp"
#include "core/commands/remove_on_signal.hpp"
#include "core/commands/scratch_directory.hpp"
#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/kernel/data_lock.hpp"
#include "core/kernel/module_set.hpp"
#include "core/kernel/option_values.hpp"
#include "core/kernel/storage.hpp"
#include "core/kernel/stores.hpp"

namespace mortise::commands {

namespace fs = std::filesystem;

namespace {

using kernel::kDatabaseFile;
using kernel::kSecretFile;

int migrate(const Program& program, const Arguments& arguments) {
  const bool dryRun = arguments.has("dry-run");
  const OpenedServer server(program, arguments,
                            dryRun ? kernel::WithoutDatabase::refuse : kernel::WithoutDatabase::makeOne);
  if (dryRun) {
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
  for (const auto* lines : {&server->notes(), &server->refusals()}) {
    for (const auto& line : *lines) std::cerr << "mortise: " << line << '\n';
  }
  if (applied.empty()) std::cout << "nothing to apply\n";
  return server->refusals().empty() ? 0 : 1;
}

std::string blobDirectoryOf(const kernel::Kernel& server) { return kernel::localBlobDirectory(server.config()); }

std::string directoryOf(const std::string& file) {
  const auto directory = fs::path(file).parent_path().string();
  return directory.empty() ? "." : directory;
}

int backup(const Program& program, const Arguments& arguments) {
  RemoveOnSignal leftovers;
  const auto& file = arguments.word(0);
  // By the rights of the caller, before those of the data's owner are taken on: the backup is the caller's.
  auto part = leftovers.made([&] { return std::make_unique<TemporaryFile>(directoryOf(file)); });

  auto server = std::make_optional<OpenedServer>(program, arguments);
  const auto data = (*server)->config().text("data.dir");
  const auto scratch = leftovers.made([&] { return std::make_unique<ScratchDirectory>(data); });
  const auto copy = scratch->path() + "/" + kDatabaseFile;
  (*server)->database().backupTo(copy);
  std::vector<ArchiveInput> inputs{{kDatabaseFile, copy}, {kSecretFile, kernel::secretFile((*server)->config())}};
  const auto blobs = blobDirectoryOf(**server);
  std::error_code failure;
  if (blobs.empty()) {
    std::cerr << "mortise backup: blobs are not on this disk and are not part of the backup\n";
  } else if (fs::is_directory(blobs)) {
    const auto unfinished = fs::path(blobs) / "tmp";
    for (auto entry = fs::recursive_directory_iterator(blobs); entry != fs::end(entry); ++entry) {
      if (entry->path() == unfinished) entry.disable_recursion_pending();
      if (entry->is_regular_file())
        inputs.push_back({"blobs/" + entry->path().lexically_relative(blobs).string(), entry->path().string(), true});
    }
  }
  if (fs::exists(data + "/modules.disabled", failure))
    inputs.push_back({"modules.disabled", data + "/modules.disabled"});
  server.reset();

  const auto gone = writeArchive(*part, file, inputs);
  if (gone > 0)
    std::cerr << "mortise backup: " << gone << " files were removed by the server meanwhile and are not part of it\n";
  std::cout << "wrote " << file << " (" << inputs.size() - gone << " files, " << fs::file_size(file)
            << " bytes); it holds the server's secret: keep it safe\n";
  return 0;
}

void verifyDatabase(const std::string& file) {
  db::Options options;
  options.url = "sqlite:" + file;
  options.connections = 1;
  const auto database = db::Database::open(options);
  const auto connection = database->lease(db::Access::read);
  const db::ColumnType types[] = {db::ColumnType::text};
  const auto rows = connection->query("PRAGMA integrity_check", {}, types);
  if (!rows->next() || rows->text(0) != "ok")
    throw std::runtime_error("the database in the backup is damaged: " + std::string(rows->text(0)));
}

// An archive whose checksums agree may still be none that a server can start from.
void requireWhole(const std::string& file, const std::vector<std::string>& names) {
  for (const auto* needed : {kDatabaseFile, kSecretFile}) {
    if (std::find(names.begin(), names.end(), needed) == names.end())
      throw std::runtime_error(file + ": holds no " + needed + "; it is not a backup of a server");
  }
}

int restore(const Program& program, const Arguments& arguments) {
  RemoveOnSignal leftovers;
  const auto server = prepare(program, arguments);
  const auto& config = server->config();
  const auto data = config.text("data.dir");
  if (kernel::databaseUrl(config) != "sqlite:" + data + "/" + kDatabaseFile) {
    throw std::runtime_error("db.url (" + config.origin("db.url") + ") names another database than " + data + "/" +
                             kDatabaseFile + "; restore works on the database in data.dir only");
  }
  std::cerr << "mortise: " << kernel::describeData(config) << '\n';
  const auto& file = arguments.word(0);
  const UniqueFd archive(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!archive) throw std::runtime_error(file + ": " + std::strerror(errno));
  const ActAsOwner owner(data);
  kernel::makeDataDirectory(data);
  const kernel::DataLock lock(data);
  const auto scratch = leftovers.made([&] { return std::make_unique<ScratchDirectory>(data); });
  const auto names = extractArchive(archive.get(), file, scratch->path());
  requireWhole(file, names);
  verifyDatabase(scratch->path() + "/" + kDatabaseFile);
  // Everything is verified: move the old data aside, then move the new data in. Only renames, so nothing can be
  // half-written.
  const auto aside = data + "/replaced-" + std::to_string(nowMicros() / 1'000'000);
  {
    const auto whole = leftovers.postpone();
    fs::create_directories(aside);
    for (const auto* name : {"mortise.db", "mortise.db-wal", "mortise.db-shm", "secret", "blobs", "modules.disabled",
                             "identity.revision"}) {
      if (fs::exists(data + "/" + name)) fs::rename(data + "/" + name, aside + "/" + name);
    }
    for (const auto* name : {kDatabaseFile, kSecretFile, "blobs", "modules.disabled"}) {
      if (fs::exists(scratch->path() + "/" + name)) fs::rename(scratch->path() + "/" + name, data + "/" + name);
    }
  }
  if (const auto& configured = config.text("identity.secret_file"); !configured.empty()) {
    std::cerr << "mortise restore: the secret of the backup is in " << data << "/" << kSecretFile
              << "; the server reads " << configured << " (identity.secret_file): copy it there\n";
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
        {{"dry-run", "", "Only list what would be applied; refused where there is no database"}}},
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
