// files.store/1: the C table over FileService.
#pragma once

#include <mortise/abi/blobs.h>
#include <mortise/abi/files_store.h>
#include <mortise/host.hpp>
#include <mortise/log.hpp>

#include <functional>

#include "file_service.hpp"
#include "upload_counts.hpp"

namespace files {

class FileInterface {
 public:
  FileInterface(mortise::Host host, FileService& service, const UploadCounts& counts);
  FileInterface(const FileInterface&) = delete;
  FileInterface& operator=(const FileInterface&) = delete;
  const mortise_files_store_v1* table() const noexcept { return &table_; }

 private:
  template <class Work>
  mortise_status guarded(mortise_error* error, Work&& work) noexcept;
  mortise_status putWith(const mortise_new_file* wanted, mortise_stored_file_sink sink, void* sinkContext,
                         mortise_error* error, const std::function<StoredFile(const NewFile&)>& store) noexcept;
  std::int32_t give(const StoredFile& file, mortise_stored_file_sink sink, void* sinkContext) const;
  static FileInterface& of(void* context) { return *static_cast<FileInterface*>(context); }

  static mortise_status put(void* context, const mortise_new_file* wanted, mortise_file* content,
                            mortise_stored_file_sink sink, void* sinkContext, mortise_error* error);
  static mortise_status putBytes(void* context, const mortise_new_file* wanted, mortise_str content,
                                 mortise_stored_file_sink sink, void* sinkContext, mortise_error* error);
  static mortise_status find(void* context, mortise_str id, mortise_stored_file_sink sink, void* sinkContext,
                             mortise_error* error);
  static mortise_status list(void* context, mortise_str ownerId, mortise_str before, std::size_t limit,
                             mortise_stored_file_sink sink, void* sinkContext, mortise_error* error);
  static mortise_status open(void* context, mortise_str id, mortise_file** content, mortise_error* error);
  static mortise_status remove(void* context, mortise_str id, mortise_error* error);
  static mortise_status setFilepath(void* context, mortise_str id, mortise_str filepath, mortise_error* error);

  mortise::Log log_;
  FileService& service_;
  const UploadCounts& counts_;
  mortise_host* host_;
  const mortise_call_v1* call_;
  const mortise_blobs_v1* blobs_;
  mortise_files_store_v1 table_;
};

}  // namespace files
