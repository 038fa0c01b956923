#include "dlp/archive_inspection.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <mortise/ascii.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace session_sharing {
namespace {

std::optional<JsonFile> jsonFile(std::string_view name) {
  const auto endsWith = [&](std::string_view end) {
    return name.size() >= end.size() && mortise::asciiLowerCase(name.substr(name.size() - end.size())) == end;
  };
  if (endsWith(".jsonl")) return JsonFile{true};
  if (endsWith(".json")) return JsonFile{false};
  return std::nullopt;
}

// A tar in gzip that is written to a sink. Throws std::runtime_error, and what the sink threw.
class Packer {
 public:
  explicit Packer(const ByteSink& write) : write_(write), archive_(archive_write_new(), archive_write_free) {
    if (archive_ == nullptr) throw std::bad_alloc();
    // Names go in as they are. Formats that convert them need the locale of the process, which has ASCII only.
    check(archive_write_set_format_gnutar(archive_.get()));
    check(archive_write_add_filter_gzip(archive_.get()));
    check(archive_write_set_filter_option(archive_.get(), "gzip", "timestamp", nullptr));  // the same bytes each time
    check(archive_write_set_bytes_in_last_block(archive_.get(), 1));
    check(archive_write_open2(archive_.get(), this, nullptr, &Packer::take, nullptr, nullptr));
  }

  void begin(const std::string& name, std::uint64_t size) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new2(archive_.get()),
                                                                         archive_entry_free);
    if (entry == nullptr) throw std::bad_alloc();
    constexpr int kReadable = 0644;
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), kReadable);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_mtime(entry.get(), 0, 0);
    check(archive_write_header(archive_.get(), entry.get()));
    left_ = size;
  }
  void add(std::string_view bytes) {
    if (bytes.size() > left_) throw std::runtime_error("a file has more bytes than before");
    left_ -= bytes.size();
    while (!bytes.empty()) {
      const auto taken = archive_write_data(archive_.get(), bytes.data(), bytes.size());
      if (taken <= 0) fail();
      bytes.remove_prefix(static_cast<std::size_t>(taken));
    }
  }
  void end() const {
    if (left_ != 0) throw std::runtime_error("a file has fewer bytes than before");
  }
  void finish() { check(archive_write_close(archive_.get())); }

 private:
  static la_ssize_t take(struct archive*, void* self, const void* bytes, std::size_t size) {
    auto& packer = *static_cast<Packer*>(self);
    try {
      packer.write_({static_cast<const char*>(bytes), size});
      return static_cast<la_ssize_t>(size);
    } catch (...) {  // nothing may be thrown through C
      packer.thrown_ = std::current_exception();
      return -1;
    }
  }
  void check(int status) {
    if (status != ARCHIVE_OK) fail();
  }
  [[noreturn]] void fail() {
    if (thrown_) std::rethrow_exception(thrown_);
    const char* reason = archive_error_string(archive_.get());
    throw std::runtime_error(std::string("the archive can't be packed: ") + (reason == nullptr ? "unknown" : reason));
  }

  const ByteSink& write_;
  std::exception_ptr thrown_;
  std::unique_ptr<struct archive, int (*)(struct archive*)> archive_;
  std::uint64_t left_ = 0;  // of the file
};

}  // namespace

ArchiveFindings inspectArchive(const ArchiveBytes& archive, const SensitiveTextMatcher& matcher, bool measures,
                               const std::function<void()>& cancelled) {
  ArchiveFindings out;
  MatchEffort effort;
  ArchiveReader reader(archive, ArchiveLimits(), cancelled);
  while (const auto* member = reader.next()) {
    const auto file = jsonFile(member->name);
    if (!file) continue;
    const auto name = member->name;
    const auto before = out.count;
    std::uint64_t size = 0;
    const SensitiveFound onPlace = [&](const SensitiveKind& kind, std::int64_t line) {
      ++out.count;
      out.patterns.insert(kind.name);
      if (out.first.size() < kMaxFindings) out.first.push_back({kind.name, kind.category, kind.severity, line});
    };
    const ByteSink measure = [&](std::string_view bytes) { size += bytes.size(); };
    try {
      JsonSource source([&] { return reader.piece(); });
      if (!inspectJson(source, *file, matcher, effort, onPlace, measures ? measure : ByteSink())) {
        out.unreadable.push_back(name);
      } else if (measures && out.count > before) {
        out.redactedSizes.emplace(name, size);
      }
    } catch (const TooMuchEffort&) {
      out.unreadable.push_back(name);
      effort = {};
    }
    if (out.unreadable.size() >= kMaxFindings) break;
  }
  return out;
}

void packRedacted(const ArchiveBytes& archive, const SensitiveTextMatcher& matcher, const ArchiveFindings& findings,
                  const std::function<void()>& cancelled, const ByteSink& write) {
  MatchEffort effort;
  ArchiveReader reader(archive, ArchiveLimits(), cancelled);
  Packer packer(write);
  while (const auto* member = reader.next()) {
    const auto redacted = findings.redactedSizes.find(member->name);
    if (redacted == findings.redactedSizes.end()) {
      packer.begin(member->name, member->size);
      for (auto piece = reader.piece(); !piece.empty(); piece = reader.piece()) packer.add(piece);
    } else {
      packer.begin(member->name, redacted->second);
      JsonSource source([&] { return reader.piece(); });
      const ByteSink add = [&](std::string_view bytes) { packer.add(bytes); };
      if (!inspectJson(source, jsonFile(redacted->first).value(), matcher, effort, {}, add))
        throw std::runtime_error("a file is no JSON any more");
    }
    packer.end();
  }
  packer.finish();
}

}  // namespace session_sharing
