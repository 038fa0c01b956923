#include "core/commands/backup_archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"

namespace mortise::commands {

namespace fs = std::filesystem;

namespace {

constexpr const char* kListName = "mortise-backup.json";
constexpr std::size_t kPiece = 256 << 10;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(const char* bytes, std::size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
  std::string hex() {
    unsigned char digest[32];
    EVP_DigestFinal_ex(context_.get(), digest, nullptr);
    return text::hex({reinterpret_cast<const char*>(digest), sizeof digest});
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

[[noreturn]] void fail(const std::string& what, const std::string& reason) {
  throw std::runtime_error(what + ": " + reason);
}

using Writer = std::unique_ptr<struct archive, decltype(&archive_write_free)>;
using Reader = std::unique_ptr<struct archive, decltype(&archive_read_free)>;

void writeHeader(struct archive* writer, const std::string& name, std::int64_t size, const std::string& file) {
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), size);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_mtime(entry.get(), nowMicros() / 1'000'000, 0);
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK) fail(file, archive_error_string(writer));
}

// The checksum of one input, written piece by piece; nothing when it is gone and may be.
std::optional<std::string> writeFile(struct archive* writer, const ArchiveInput& input, const std::string& file) {
  const UniqueFd source(::open(input.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source && input.mayBeGone && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  struct stat facts {};
  if (source.get() < 0 || ::fstat(source.get(), &facts) != 0) fail(input.path, std::strerror(errno));
  writeHeader(writer, input.name, facts.st_size, file);
  Sha256 sum;
  std::vector<char> piece(kPiece);
  for (std::int64_t remaining = facts.st_size; remaining > 0;) {
    const auto got =
        ::read(source.get(), piece.data(), std::min<std::size_t>(piece.size(), static_cast<std::size_t>(remaining)));
    if (got <= 0) fail(input.path, got == 0 ? "became shorter while it was read" : std::strerror(errno));
    sum.add(piece.data(), static_cast<std::size_t>(got));
    if (archive_write_data(writer, piece.data(), static_cast<std::size_t>(got)) != got)
      fail(file, archive_error_string(writer));
    remaining -= got;
  }
  return sum.hex();
}

bool safeName(const std::string& name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos) return false;
  for (const auto piece : text::split(name, '/')) {
    if (piece.empty() || piece == "." || piece == "..") return false;
  }
  return true;
}

void compare(const std::string& file, const std::string& list, const std::map<std::string, std::string>& entries) {
  json::Document document;
  json::ParseError failure;
  if (!json::parse(list, document, failure) || !document.IsObject())
    fail(file, "holds no readable list of its entries; it is not a backup, or it is cut short");
  const auto* files = json::member(document, "files");
  if (!files || !files->IsObject()) fail(file, "its list names no files");
  for (const auto& entry : files->GetObject()) {
    const std::string name(json::view(entry.name));
    const auto known = entries.find(name);
    if (known == entries.end()) fail(file, "entry " + name + " is missing");
    if (!entry.value.IsString() || known->second != json::view(entry.value))
      fail(file, "entry " + name + " was altered: its SHA-256 differs from the list");
  }
  if (files->MemberCount() != entries.size()) fail(file, "holds entries that its list does not name");
}

}  // namespace

std::size_t writeArchive(TemporaryFile& out, const std::string& file, const std::vector<ArchiveInput>& inputs) {
  const Writer writer(archive_write_new(), archive_write_free);
  archive_write_add_filter_gzip(writer.get());
  archive_write_set_format_pax_restricted(writer.get());
  if (archive_write_open_fd(writer.get(), out.fd()) != ARCHIVE_OK) fail(file, archive_error_string(writer.get()));
  std::string list = "{\"mortise_backup\":1,\"version\":" + json::quoted(MORTISE_VERSION) +
                     ",\"created_at\":" + json::quoted(isoMillis(nowMicros())) + ",\"files\":{";
  std::size_t gone = 0;
  bool first = true;
  for (const auto& input : inputs) {
    const auto sum = writeFile(writer.get(), input, file);
    if (!sum) {
      ++gone;
      continue;
    }
    list += (first ? "" : ",") + json::quoted(input.name) + ":" + json::quoted(*sum);
    first = false;
  }
  list += "}}";
  writeHeader(writer.get(), kListName, static_cast<std::int64_t>(list.size()), file);
  if (archive_write_data(writer.get(), list.data(), list.size()) != static_cast<la_ssize_t>(list.size()) ||
      archive_write_close(writer.get()) != ARCHIVE_OK) {
    fail(file, archive_error_string(writer.get()));
  }
  try {
    out.sync();
    out.keepAs(file);
  } catch (const std::system_error& error) {
    fail(file, error.code().message());
  }
  return gone;
}

std::vector<std::string> extractArchive(int opened, const std::string& file, const std::string& directory) {
  const Reader reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_fd(reader.get(), opened, kPiece) != ARCHIVE_OK) fail(file, archive_error_string(reader.get()));
  std::map<std::string, std::string> sums;
  std::string list;
  std::vector<char> piece(kPiece);
  for (archive_entry* entry = nullptr;;) {
    const int step = archive_read_next_header(reader.get(), &entry);
    if (step == ARCHIVE_EOF) break;
    if (step != ARCHIVE_OK) fail(file, archive_error_string(reader.get()));
    const std::string name = archive_entry_pathname(entry);
    if (!safeName(name) || archive_entry_filetype(entry) != AE_IFREG)
      fail(file, "entry \"" + name + "\" is no plain file with a relative name");
    const auto target = directory + "/" + name;
    const bool isList = name == kListName;
    if (!isList) fs::create_directories(fs::path(target).parent_path());
    const UniqueFd out(isList ? -1
                              : ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!isList && out.get() < 0) fail(target, std::strerror(errno));
    Sha256 sum;
    for (;;) {
      const auto got = archive_read_data(reader.get(), piece.data(), piece.size());
      if (got < 0) fail(file, archive_error_string(reader.get()));
      if (got == 0) break;
      if (isList) {
        list.append(piece.data(), static_cast<std::size_t>(got));
        if (list.size() > (64u << 20)) fail(file, "its list is larger than 64 MiB");
        continue;
      }
      sum.add(piece.data(), static_cast<std::size_t>(got));
      if (::write(out.get(), piece.data(), static_cast<std::size_t>(got)) != got) fail(target, std::strerror(errno));
    }
    if (isList) continue;
    if (::fsync(out.get()) != 0) fail(target, std::strerror(errno));
    sums[name] = sum.hex();
  }
  compare(file, list, sums);
  std::vector<std::string> names;
  for (const auto& [name, sum] : sums) names.push_back(name);
  return names;
}

}  // namespace mortise::commands
