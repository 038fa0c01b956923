// The module: files over HTTP, the job, the interface for other modules, and the probes of the object store.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>
#include <mortise/sync_sessions.hpp>

#include <optional>

#include "file_interface.hpp"
#include "file_service.hpp"
#include "object_status.hpp"
#include "upload_counts.hpp"

namespace files {

class Files final : public mortise::Module {
 public:
  explicit Files(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;
  const void* provide(std::string_view interfaceName) override;

 private:
  mortise::Reply upload(const mortise::Request& request) const;
  mortise::Reply read(const mortise::Request& request) const;
  mortise::Reply download(const mortise::Request& request) const;
  mortise::Reply downloadByKey(const mortise::Request& request) const;
  mortise::Reply remove(const mortise::Request& request) const;
  void sweep(mortise::JobRun& run);

  mortise::Reply content(const StoredFile& file) const;

  mortise::Host host_;
  mortise::Log log_;
  mortise::Audit audit_;
  FileService service_;
  UploadCounts counts_;
  FileInterface interface_;
  ObjectStatus objects_;
  std::optional<mortise::SyncSessions> sessions_;  // from start() on, where the module sync is there
};

}  // namespace files
