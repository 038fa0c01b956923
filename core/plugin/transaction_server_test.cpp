#include "core/plugin/transaction_testing.hpp"

#include <filesystem>
#include <mutex>
#include <thread>

#include "core/db/database.hpp"
#include "core/db/transaction_boundary.hpp"
#include "core/identity/identity.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/module_files_testing.hpp"
#include "core/plugin/scratch_services.hpp"
#include "core/services/events/events.hpp"
#include "core/services/mail/mail.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::plugin::testing {
namespace {

std::shared_ptr<const Manifest> manifest(const std::string& name) {
  return manifestOf(R"({"mortise_manifest":1,"module":{"name":")" + name + R"(","version":"1","sdk":"1.0",
    "needs":["audit/1","blobs/1","cache/1","db/1","events/1","identity/1","jobs/1","mail/1","orgs/1"]}})");
}

std::string urlFor(TransactionServer::Backend backend) {
  return backend == TransactionServer::Backend::sqlite ? std::string() : peers::Postgres::shared()->newDatabase();
}

}  // namespace

struct TransactionServer::Parts {
  ScratchDirectory scratch;
  std::shared_ptr<const Manifest> notesManifest = manifest("notes"), foldersManifest = manifest("folders");
  ScratchServices services;
  Host notes{notesManifest, services.services()}, folders{foldersManifest, services.services()};
  std::mutex mutex;
  std::vector<std::string> events;
  std::uint64_t subscription = 0;

  explicit Parts(Backend backend)
      : services(scratch.path(), *notesManifest, {urlFor(backend), scratch.path() + "/identity.revision", 20}) {}
};

bool TransactionServer::has(Backend backend) {
  return backend == Backend::sqlite || peers::Postgres::shared() != nullptr;
}

TransactionServer::TransactionServer(Backend backend) : parts_(std::make_unique<Parts>(backend)) {
  parts_->services.database()
      .lease(db::Access::write)
      ->executeScript(
          "CREATE TABLE notes_notes (id TEXT PRIMARY KEY, number BIGINT UNIQUE);"
          "CREATE TABLE folders_folders (id TEXT PRIMARY KEY)");
  auto* parts = parts_.get();
  parts->subscription = parts->services.services().events->subscribe("notes.*", [parts](const services::Event& event) {
    const std::lock_guard lock(parts->mutex);
    parts->events.push_back(event.topic);
  });
}

TransactionServer::~TransactionServer() { parts_->services.services().events->unsubscribe(parts_->subscription); }

mortise_host* TransactionServer::notes() { return parts_->notes.raw(); }
mortise_host* TransactionServer::folders() { return parts_->folders.raw(); }

std::int64_t TransactionServer::count(const std::string& table, const std::string& where) {
  std::int64_t counted = -1;
  std::thread([&] {
    static constexpr db::ColumnType kColumns[] = {db::ColumnType::integer};
    const auto session = parts_->services.database().lease(db::Access::read);
    const auto rows = session->query("SELECT count(*) FROM " + table + " WHERE " + where, {}, kColumns);
    if (rows->next()) counted = rows->integer(0);
  }).join();
  return counted;
}

std::size_t TransactionServer::mails() {
  parts_->services.services().mailer->stop(std::chrono::seconds(20));  // sends queued mails
  std::size_t written = 0;
  for (const auto& file : std::filesystem::directory_iterator(parts_->scratch.path() + "/outbox"))
    written += file.path().extension() == ".eml" ? 1 : 0;
  return written;
}

std::vector<std::string> TransactionServer::events() {
  // Subscribers are served in order: when the last one is done, so are the earlier ones.
  const std::string mark = "notes.mark";
  parts_->services.services().events->publish(mark, "");
  for (;;) {
    {
      const std::lock_guard lock(parts_->mutex);
      if (!parts_->events.empty() && parts_->events.back() == mark) {
        parts_->events.pop_back();
        return parts_->events;
      }
    }
    std::this_thread::yield();
  }
}

std::uint64_t TransactionServer::identityRevision() {
  return parts_->services.services().identity->revision().value_or(0);
}

std::string TransactionServer::user(const std::string& name) {
  identity::NewUser user;
  user.username = name;
  return parts_->services.services().identity->create(user).id;
}

void TransactionServer::handle(const std::function<void()>& handler) {
  const db::TransactionBoundary boundary("handle");
  handler();
}

void TransactionServer::stopNotes() { parts_->notes.takeBack(); }

}  // namespace mortise::plugin::testing
