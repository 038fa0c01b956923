// Archives for tests, made by libarchive as any packer would, with entries no packer would write.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace mortise::peers {

struct TestEntry {
  std::string path;
  std::string bytes;
  unsigned type = AE_IFREG;
  std::string link{};      // target of a symbolic link
  std::string hardLink{};  // target of a hard link
};

// `format`: zip, tar, tar.gz.
inline std::string packed(const std::string& format, const std::vector<TestEntry>& entries,
                          const char* passphrase = nullptr, const char* options = nullptr, int layers = 1) {
  std::size_t room = 1 << 16;
  for (const auto& entry : entries) room += entry.bytes.size() + entry.path.size() * 2 + 4096;
  std::string out(room, '\0');
  std::size_t used = 0;
  // Behind what it writes to: a writer that is freed after a refusal still writes the end of the archive.
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
  const auto check = [&](int result) {
    if (result != ARCHIVE_OK) throw std::runtime_error(archive_error_string(writer.get()));
  };
  if (format == "zip") {
    check(archive_write_set_format_zip(writer.get()));
  } else {
    check(archive_write_set_format_ustar(writer.get()));
  }
  for (int i = 0; format == "tar.gz" && i < layers; ++i) check(archive_write_add_filter_gzip(writer.get()));
  if (passphrase != nullptr) {
    check(archive_write_set_options(writer.get(), "zip:encryption=zipcrypt"));
    check(archive_write_set_passphrase(writer.get(), passphrase));
  }
  if (options != nullptr) check(archive_write_set_options(writer.get(), options));
  check(archive_write_set_bytes_in_last_block(writer.get(), 1));
  check(archive_write_open_memory(writer.get(), out.data(), out.size(), &used));
  for (const auto& entry : entries) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> header(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(header.get(), entry.path.c_str());
    archive_entry_set_filetype(header.get(), entry.type);
    archive_entry_set_perm(header.get(), 0644);
    archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.bytes.size()));
    if (!entry.link.empty()) archive_entry_set_symlink(header.get(), entry.link.c_str());
    if (!entry.hardLink.empty()) archive_entry_set_hardlink(header.get(), entry.hardLink.c_str());
    check(archive_write_header(writer.get(), header.get()));
    if (!entry.bytes.empty() && archive_write_data(writer.get(), entry.bytes.data(), entry.bytes.size()) < 0)
      check(ARCHIVE_FATAL);
  }
  check(archive_write_close(writer.get()));
  out.resize(used);
  return out;
}

}  // namespace mortise::peers
