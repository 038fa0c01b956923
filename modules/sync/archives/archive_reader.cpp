#include "archives/archive_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "utf8.hpp"

namespace session_sharing {
namespace {

using mortise::Problem;

constexpr std::uint64_t kMaxMember = std::uint64_t{100} << 20;
constexpr std::size_t kMaxName = 4096;
constexpr std::uint64_t kBlock = 512;

// libarchive turns names into the locale's encoding. Set for this thread, and for the call only.
class Utf8Locale {
 public:
  Utf8Locale() : before_(::uselocale(shared())) {}
  ~Utf8Locale() { ::uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t shared() {
    static const locale_t kLocale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
    if (kLocale == nullptr) throw std::runtime_error("the locale C.UTF-8 is not installed");
    return kLocale;
  }
  locale_t before_;
};

Problem unreadable(std::string note) { return Problem(400, "archive_unreadable").note(std::move(note)); }

Problem about(const char* code, std::string_view name) {
  constexpr std::size_t kShown = 200;
  return Problem(400, code).with("name", utf8::storable(name, kShown));
}

Problem tooLarge(std::string_view name, std::uint64_t size, std::uint64_t limit) {
  constexpr std::size_t kShown = 200;
  const auto shown = utf8::storable(name, kShown);
  return Problem(413, "session_too_large")
      .with("name", shown)
      .with("limit", limit)
      .details(mortise::json::object({{"file", shown},
                                      {"size_bytes", size},
                                      {"limit_bytes", limit},
                                      {"suggestion", "Compact the session, or leave large files out of it."}})
                   .text());
}

bool isSeparator(char c) { return c == '/' || c == '\\'; }

bool isAbsolute(std::string_view name) {
  const bool isDrive =
      name.size() >= 2 && name[1] == ':' && ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z'));
  return (!name.empty() && isSeparator(name.front())) || isDrive;
}

// Without "./" at the start, doubled slashes, and a slash at the end.
std::string plain(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at <= name.size();) {
    const auto slash = std::min(name.find('/', at), name.size());
    const auto part = name.substr(at, slash - at);
    if (!part.empty() && part != ".") out.append(out.empty() ? "" : "/").append(part);
    at = slash + 1;
  }
  return out;
}

// Where the last byte that is not zero ends.
std::size_t contentOf(std::string_view piece) {
  const auto last = piece.find_last_not_of('\0');
  return last == std::string_view::npos ? 0 : last + 1;
}

}  // namespace

ArchiveBytes bytesOf(const mortise::File& file) {
  return [&file](std::uint64_t offset, char* buffer, std::size_t size) { return file.read(offset, buffer, size); };
}

ArchiveReader::ArchiveReader(ArchiveBytes bytes, const ArchiveLimits& limits, std::function<void()> cancelled)
    : source_(std::move(bytes)),
      limits_(limits),
      cancelled_(std::move(cancelled)),
      archive_(archive_read_new(), archive_read_free) {
  if (!archive_) throw std::bad_alloc();
  archive_read_support_format_tar(archive_.get());
}

ArchiveReader::~ArchiveReader() = default;

std::ptrdiff_t ArchiveReader::feed(archive*, void* context, const void** buffer) {
  auto& self = *static_cast<ArchiveReader*>(context);
  try {
    const auto before = self.source_.unpacked();
    const auto piece = self.source_.next(self.cancelled_);
    if (self.source_.unpacked() > self.limits_.allBytes)
      throw tooLarge(self.member_.name, self.source_.unpacked(), self.limits_.allBytes);
    if (const auto content = contentOf(piece); content > 0) self.lastContent_ = before + content;
    *buffer = piece.data();
    return static_cast<std::ptrdiff_t>(piece.size());
  } catch (...) {  // nothing may be thrown through the library
    self.thrown_ = std::current_exception();
    return ARCHIVE_FATAL;
  }
}

archive_entry* ArchiveReader::nextHeader() {
  const Utf8Locale locale;
  if (!isOpen_) {
    isOpen_ = true;
    const int opened = archive_read_open(archive_.get(), this, nullptr, feed, nullptr);
    if (thrown_) std::rethrow_exception(thrown_);
    if (opened != ARCHIVE_OK) throw unreadable(archive_error_string(archive_.get()));
  }
  dataEnd_ = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0));
  archive_entry* entry = nullptr;
  const int step = archive_read_next_header(archive_.get(), &entry);
  if (thrown_) std::rethrow_exception(thrown_);
  if (step == ARCHIVE_EOF) return nullptr;
  // Not with ARCHIVE_WARN either: what the library passes over, another reader may take at its word.
  if (step != ARCHIVE_OK) {
    const char* reason = archive_error_string(archive_.get());
    throw unreadable(reason == nullptr ? "the tar can't be read" : reason);
  }
  return entry;
}

std::string ArchiveReader::nameOf(archive_entry* entry) const {
  const Utf8Locale locale;
  const char* raw = archive_entry_pathname(entry);
  const std::string_view name = raw == nullptr ? "" : raw;
  if (name.empty() || name.size() > kMaxName || !utf8::isText(name) || isAbsolute(name) ||
      name.find("..") != std::string_view::npos)
    throw about("archive_path_unsafe", name);
  return plain(name);
}

void ArchiveReader::checkKind(archive_entry* entry, const std::string& name) const {
  const auto kind = archive_entry_filetype(entry);
  if (archive_entry_hardlink(entry) != nullptr || kind == AE_IFLNK) throw about("archive_link_refused", name);
  if ((kind != AE_IFREG && kind != AE_IFDIR) || archive_entry_sparse_count(entry) > 0)
    throw about("archive_special_refused", name);
}

void ArchiveReader::checkSize(std::uint64_t size, const std::string& name) const {
  if (size > kMaxMember) throw about("archive_member_size", name).with("limit", kMaxMember);
  if (size > limits_.memberBytes) throw tooLarge(name, size, limits_.memberBytes);
}

// A tar ends with a block of zeros; one that is cut off behind a member has none. What follows may fill the last
// record, and hide nothing.
void ArchiveReader::checkEnd() {
  const auto end = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0));
  if (end < dataEnd_ + kBlock) throw unreadable("the tar is cut short");
  const void* rest = nullptr;
  while (feed(nullptr, this, &rest) > 0) {
  }
  if (thrown_) std::rethrow_exception(thrown_);
  if (lastContent_ > end) throw unreadable("bytes follow the end of the tar");
}

const ArchiveMember* ArchiveReader::next() {
  if (isOver_) return nullptr;
  while (true) {
    while (!piece().empty()) {
    }
    cancelled_();
    auto* entry = nextHeader();
    if (entry == nullptr) {
      isOver_ = true;
      checkEnd();
      return nullptr;
    }
    if (++members_ > limits_.members) throw Problem(400, "archive_members").with("limit", limits_.members);
    auto name = nameOf(entry);
    checkKind(entry, name);
    if (archive_entry_size(entry) < 0) throw unreadable("a member of less than 0 bytes");
    const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
    checkSize(size, name);
    member_ = {std::move(name), size};
    read_ = 0;
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    if (member_.name.empty()) throw about("archive_path_unsafe", ".");
    if (!names_.insert(std::hash<std::string>()(member_.name)).second) throw about("archive_repeated", member_.name);
    return &member_;
  }
}

std::string_view ArchiveReader::piece() {
  if (members_ == 0 || isOver_) return {};
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int step = archive_read_data_block(archive_.get(), &bytes, &size, &offset);
  if (thrown_) std::rethrow_exception(thrown_);
  if (step == ARCHIVE_EOF) return {};
  if (step != ARCHIVE_OK) {
    const char* reason = archive_error_string(archive_.get());
    throw unreadable(reason == nullptr ? "the tar can't be read" : reason);
  }
  if (static_cast<std::uint64_t>(offset) != read_) throw about("archive_special_refused", member_.name);
  read_ += size;
  checkSize(read_, member_.name);
  return {static_cast<const char*>(bytes), size};
}

std::optional<std::size_t> depthOf(std::string_view path, std::string_view name) {
  const auto slash = path.rfind('/');
  if (path.substr(slash == std::string_view::npos ? 0 : slash + 1) != name) return std::nullopt;
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

bool withMember(const ArchiveBytes& bytes, std::string_view name, const std::function<void()>& cancelled,
                const std::function<void(const ArchiveMember& member, ArchiveReader& reader)>& use) {
  std::string path;
  std::optional<std::size_t> depth;
  ArchiveReader first(bytes, {}, cancelled);
  while (const auto* member = first.next()) {
    const auto here = depthOf(member->name, name);
    if (!here || (depth && *depth <= *here)) continue;
    if (*here == 0) {
      use(*member, first);
      return true;
    }
    depth = here;
    path = member->name;
  }
  if (!depth) return false;
  ArchiveReader second(bytes, {}, cancelled);
  while (const auto* member = second.next()) {
    if (member->name != path) continue;
    use(*member, second);
    return true;
  }
  return false;
}

std::optional<std::string> readMember(const ArchiveBytes& bytes, std::string_view name, std::uint64_t most,
                                      const std::function<void()>& cancelled) {
  std::string out;
  const bool exists = withMember(bytes, name, cancelled, [&](const ArchiveMember& member, ArchiveReader& reader) {
    if (member.size > most) throw tooLarge(member.name, member.size, most);
    for (auto piece = reader.piece(); !piece.empty(); piece = reader.piece()) out.append(piece);
  });
  return exists ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace session_sharing
