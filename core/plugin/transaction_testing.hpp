// A kernel's services for tests that are written like a module: with the C++ face, which can't be included together
// with core's headers. For tests only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mortise/abi/module.h"

namespace mortise::plugin::testing {

class TransactionServer {
 public:
  enum class Backend : std::uint8_t { sqlite, postgresql };

  // Two modules, `notes` and `folders`, with the tables notes_notes(id, number) and folders_folders(id).
  explicit TransactionServer(Backend backend);
  ~TransactionServer();

  static bool has(Backend backend);  // PostgreSQL may not be installed

  mortise_host* notes();
  mortise_host* folders();

  // Counts committed rows, as another connection sees them.
  std::int64_t count(const std::string& table, const std::string& where = "1 = 1");
  // Sent mails, received events: "notes.changed".
  std::size_t mails();
  std::vector<std::string> events();
  std::uint64_t identityRevision();
  std::string user(const std::string& name);  // its id
  // Runs `work` as the kernel runs a handler.
  void handle(const std::function<void()>& handler);
  void stopNotes();  // releases everything that the module left open

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mortise::plugin::testing
