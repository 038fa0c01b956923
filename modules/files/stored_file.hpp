// One file as it is kept: its fields, its columns and its JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace files {

struct StoredFile {
  std::string id;  // UUID, version 7: newer ones sort behind
  std::string filename;
  // Where another module put a copy. NULL in the table: the file's own address, which FileService fills in.
  std::optional<std::string> filepath;
  std::string key;        // YYYY/MM/DD/<uuid><extension>
  std::string extension;  // with its dot, or empty
  std::string mimeType;   // as the client named it, or empty
  std::int64_t size = 0;
  std::optional<std::string> ownerId;  // none: nobody's
  std::string detectedType;
  std::string sha256;
  std::string blobKey;
  mortise::Time createdAt;

  // In JSON it is FileInfo of the contract.
  static constexpr auto kFields = mortise::fields(
      "files_files", mortise::field("id", &StoredFile::id).key(), mortise::field("filename", &StoredFile::filename),
      mortise::field("filepath", &StoredFile::filepath), mortise::field("object_key", &StoredFile::key).as("key"),
      mortise::field("extension", &StoredFile::extension), mortise::field("mime_type", &StoredFile::mimeType),
      mortise::field("size", &StoredFile::size), mortise::field("owner_id", &StoredFile::ownerId).as("user_id"),
      mortise::field("detected_type", &StoredFile::detectedType).hidden(),
      mortise::field("sha256", &StoredFile::sha256).hidden(), mortise::field("blob_key", &StoredFile::blobKey).hidden(),
      mortise::field("created_at", &StoredFile::createdAt).hidden());

  // What a download says it is.
  const std::string& contentType() const { return mimeType.empty() ? detectedType : mimeType; }
};

}  // namespace files
