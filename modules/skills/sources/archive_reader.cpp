#include "sources/archive_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <mortise/problem.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include "bundle/path_rules.hpp"
#include "bundle/refusal.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

struct Scope {
  std::optional<std::string_view> repositoryFolder;  // set: only this folder of the archive's top folder
  std::uint64_t mostBytes = 64 << 20;                // once unpacked, with what is left out
  std::size_t mostEntries = 2000;
};
constexpr std::uint64_t kMaxRepositoryBytes = std::uint64_t{2} << 30;
constexpr std::size_t kMaxRepositoryEntries = 200000;
constexpr std::uint64_t kTarBlock = 512;

// libarchive turns names into the locale's encoding. Set for this thread only.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr))) {
    if (locale_ == nullptr) throw std::runtime_error("the locale C.UTF-8 is not installed");
    before_ = ::uselocale(locale_);
  }
  ~Utf8Locale() {
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

class ArchiveReader {
 public:
  ArchiveReader(Scope scope, const Cancellation& cancelled)
      : scope_(scope), cancelled_(cancelled), archive_(archive_read_new(), archive_read_free) {
    if (!archive_) throw std::bad_alloc();
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_format_tar(archive_.get());
  }

  void openWhole(std::string_view bytes) {
    // By its directory at the end only, so that a zip that is cut short is no zip.
    archive_read_support_format_zip_seekable(archive_.get());
    if (archive_read_open_memory(archive_.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) throw damaged();
    checkLayers();
  }

  void openPieces(const ArchivePieces& pieces) {
    pieces_ = &pieces;
    const int opened = archive_read_open(archive_.get(), this, nullptr, nextPiece, nullptr);
    if (thrown_) std::rethrow_exception(thrown_);
    if (opened != ARCHIVE_OK) throw damaged();
    checkLayers();
  }

  Bundle read() {
    std::size_t entries = 0;
    while (archive_entry* entry = nextEntry()) {
      cancelled_.check();
      if (++entries > scope_.mostEntries) {
        throw mortise::Problem(422, "skill_archive_entries").with("most", scope_.mostEntries);
      }
      take(entry);
    }
    checkEnd(entries);
    if (scope_.repositoryFolder && !hasRepositoryFolder_)
      throw refusal("skill_github_missing", *scope_.repositoryFolder);
    if (!scope_.repositoryFolder && !hasMain_) builder_.dropTopFolder();
    return std::move(builder_).finish();
  }

 private:
  static la_ssize_t nextPiece(archive*, void* context, const void** buffer) {
    auto& self = *static_cast<ArchiveReader*>(context);
    try {
      self.cancelled_.check();
      const auto piece = (*self.pieces_)();
      *buffer = piece.data();
      return static_cast<la_ssize_t>(piece.size());
    } catch (...) {  // nothing may be thrown through the library
      self.thrown_ = std::current_exception();
      return ARCHIVE_FATAL;
    }
  }

  mortise::Problem damaged() const {
    const char* reason = archive_error_string(archive_.get());
    return mortise::Problem(422, "skill_archive_damaged")
        .with("reason", printable(reason == nullptr ? "it can't be read" : reason));
  }

  bool isTar() const { return (archive_format(archive_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR; }

  archive_entry* nextEntry() {
    archive_entry* entry = nullptr;
    const int step = archive_read_next_header(archive_.get(), &entry);
    if (thrown_) std::rethrow_exception(thrown_);
    if (step == ARCHIVE_EOF) return nullptr;
    if (step != ARCHIVE_OK && step != ARCHIVE_WARN) throw damaged();
    return entry;
  }

  // libarchive would undo gzip within gzip within gzip, each a thousand times larger than the one around it.
  void checkLayers() const {
    constexpr int kMaxFilters = 2;  // the bytes as they are, and gzip
    if (archive_filter_count(archive_.get()) > kMaxFilters) {
      throw mortise::Problem(422, "skill_archive_damaged").with("reason", "it is compressed more than once");
    }
  }

  // A tar ends with a block of zeros; one that is cut off behind an entry has none.
  void checkEnd(std::size_t entries) const {
    if (!isTar() || entries == 0) return;
    if (static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0)) < dataEnd_ + kTarBlock) {
      throw mortise::Problem(422, "skill_archive_damaged").with("reason", "the archive is cut short");
    }
  }

  void take(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    if (raw == nullptr) throw refusal("skill_path_not_utf8", "");
    std::string_view path = raw;
    if (scope_.repositoryFolder) {
      const auto inside = insideRepository(path);
      if (!inside) return passOver(path);
      hasRepositoryFolder_ = true;
      path = *inside;
    }
    while (path.ends_with('/') && path.size() > 1) path.remove_suffix(1);
    if (hasIgnoredName(path)) return passOver(path);
    if (archive_entry_hardlink(entry) != nullptr) throw refusal("skill_link_refused", path);
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
        return file(entry, path);
      case AE_IFDIR:
        if (!path.empty() && path != ".") normalisedPath(path);
        return passOver(path);
      case AE_IFLNK:
        throw refusal("skill_link_refused", path);
      default:
        throw refusal("skill_special_file_refused", path);
    }
  }

  // What follows the top folder and the wanted one; nothing: it lies elsewhere.
  std::optional<std::string_view> insideRepository(std::string_view path) const {
    const auto slash = path.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    path.remove_prefix(slash + 1);
    const auto folder = *scope_.repositoryFolder;
    if (folder.empty()) return path;
    if (!path.starts_with(folder)) return std::nullopt;
    path.remove_prefix(folder.size());
    // The folder itself: it must not be a link or a file.
    if (path.empty()) return folder;
    if (!path.starts_with('/')) return std::nullopt;
    return path.substr(1);
  }

  void file(archive_entry* entry, std::string_view path) {
    if (archive_entry_is_encrypted(entry) != 0) throw refusal("skill_archive_encrypted", path);
    checkMethod(path);
    std::string bytes;
    char piece[16 << 10];
    while (bytes.size() <= builder_.room()) {
      const auto got = archive_read_data(archive_.get(), piece, sizeof piece);
      checkProgress(got, path);
      if (got == 0) break;
      bytes.append(piece, static_cast<std::size_t>(got));
    }
    dataEnd_ = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0));
    builder_.add(path, std::move(bytes));
    hasMain_ = hasMain_ || path == "SKILL.md" || path == "./SKILL.md";
  }

  // Other methods may ask for gigabytes of memory for their dictionaries.
  void checkMethod(std::string_view path) const {
    if (isTar()) return;
    const std::string_view name = archive_format_name(archive_.get());
    if (!name.ends_with("(deflation)") && !name.ends_with("(uncompressed)"))
      throw refusal("skill_archive_method", path);
  }

  // A tar has to be unpacked to get to the next entry: in pieces, so that the limits hold. A zip is not.
  void passOver(std::string_view path) {
    if (!isTar()) return;
    while (true) {
      const void* piece = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int step = archive_read_data_block(archive_.get(), &piece, &size, &offset);
      checkProgress(step == ARCHIVE_EOF ? 0 : step, path);
      if (step == ARCHIVE_EOF) break;
    }
    dataEnd_ = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0));
  }

  // `step`: what a reading function of libarchive returned.
  void checkProgress(la_ssize_t step, std::string_view path) const {
    if (thrown_) std::rethrow_exception(thrown_);
    cancelled_.check();
    if (step < 0) throw damaged().with("path", printable(path));
    if (static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0)) > scope_.mostBytes) {
      throw mortise::Problem(422, "skill_archive_bomb").with("most", scope_.mostBytes >> 20);
    }
  }

  Utf8Locale locale_;
  Scope scope_;
  const Cancellation& cancelled_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  const ArchivePieces* pieces_ = nullptr;
  std::exception_ptr thrown_;
  BundleBuilder builder_;
  std::uint64_t dataEnd_ = 0;
  bool hasMain_ = false;
  bool hasRepositoryFolder_ = false;
};

}  // namespace

Bundle bundleOfArchive(std::string_view archive, const Cancellation& cancelled) {
  ArchiveReader reader({}, cancelled);
  reader.openWhole(archive);
  return reader.read();
}

Bundle bundleOfRepository(const ArchivePieces& pieces, std::string_view folder, const Cancellation& cancelled) {
  ArchiveReader reader({folder, kMaxRepositoryBytes, kMaxRepositoryEntries}, cancelled);
  reader.openPieces(pieces);
  return reader.read();
}

}  // namespace skills
