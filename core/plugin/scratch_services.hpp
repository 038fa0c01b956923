// Every service that a module may use, on a scratch SQLite database and directory: the environment of `mortise module
// check`.
#pragma once

#include <memory>
#include <string>

#include "core/plugin/host.hpp"

namespace mortise::plugin {

struct ScratchOptions {
  std::string databaseUrl{};   // empty: a SQLite file in the directory
  std::string revisionFile{};  // identity::Options::revisionFile
  std::size_t connections = 2;
};

class ScratchServices {
 public:
  // `directory` exists and is empty or was used by ScratchServices before. The options are the defaults of kernel and
  // module.
  ScratchServices(const std::string& directory, const Manifest& manifest, const ScratchOptions& options = {});
  ~ScratchServices();
  ScratchServices(const ScratchServices&) = delete;
  ScratchServices& operator=(const ScratchServices&) = delete;

  const HostServices& services() const { return services_; }
  db::Database& database();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  HostServices services_;
};

}  // namespace mortise::plugin
