// The module: files over HTTP, the job, the interface for other modules, and the probes of the object store.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/module.hpp>
#include <mortise/removed_users.hpp>

#include "file_interface.hpp"
#include "file_service.hpp"
#include "files_contract.hpp"
#include "object_status.hpp"
#include "sweep.hpp"
#include "upload_counts.hpp"

namespace files {

class Files final : public mortise::ModuleServing<files_contract::files::Files> {
 public:
  explicit Files(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override {
    service_.start();
    removedUsers_.start();
  }
  void stop() override { removedUsers_.stop(); }
  const void* provide(std::string_view interfaceName) override;

 private:
  mortise::Reply uploadFile(const mortise::Request& request) override;
  mortise::Reply readFile(const mortise::Request& request) override;
  mortise::Reply downloadFile(const mortise::Request& request) override;
  mortise::Reply downloadFileByKey(const mortise::Request& request) override;
  mortise::Reply deleteFile(const mortise::Request& request) override;

  void forgetUsers(mortise::JobRun& run);

  // The file of the path. Problem 404 file_not_found, 403 forbidden.
  StoredFile open(const mortise::Request& request) const;
  mortise::Reply content(const StoredFile& file) const;

  mortise::Log log_;
  mortise::Audit audit_;
  FileService service_;
  UploadCounts counts_;
  FileInterface interface_;
  Sweep sweep_;
  ObjectStatus objects_;
  mortise::RemovedUsers removedUsers_;
};

}  // namespace files
