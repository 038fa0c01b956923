// files.store/1: the C table over FileService.
#pragma once

#include <mortise/abi/files_store.h>
#include <mortise/host.hpp>
#include <mortise/served.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "file_service.hpp"
#include "upload_counts.hpp"

template <>
struct mortise::Crossing<files::NewFile> {
  static files::NewFile from(const mortise_new_file* c);
};
template <>
struct mortise::Crossing<files::StoredFile> {
  static mortise_stored_file to(const files::StoredFile& file);
};

namespace files {

// Lives as long as the module. Each method is the function of the table that has its name.
class FileInterface : public mortise::Serving {
 public:
  using FileSink = mortise::Sink<StoredFile>;

  FileInterface(mortise::Host host, FileService& service, const UploadCounts& counts);

  const mortise_files_store_v1* table() const noexcept { return &table_; }

  void put(const NewFile& file, mortise_file* content, const FileSink& sink);
  void putBytes(const NewFile& file, std::string_view content, const FileSink& sink);
  void find(std::string_view id, const FileSink& sink);
  void findAll(const std::vector<std::string_view>& ids, const FileSink& sink);
  void list(const std::optional<std::string>& ownerId, std::string_view before, std::size_t limit,
            const FileSink& sink);
  mortise_file* open(std::string_view id);
  void remove(std::string_view id);
  void setFilepath(std::string_view id, std::optional<std::string_view> filepath);

 private:
  void store(const FileSink& sink, const std::function<StoredFile()>& put);

  FileService& service_;
  const UploadCounts& counts_;
  const mortise_call_v1* call_;
  mortise_files_store_v1 table_;
};

}  // namespace files
