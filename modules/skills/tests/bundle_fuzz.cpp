// Any bytes as an archive, read whole and as a repository that arrives in pieces: what is read is a bundle within the
// limits, what is refused a Problem 422.
#include <mortise/problem.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bundle/path_rules.hpp"
#include "sources/archive_reader.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

template <class Read>
void check(const Read& read) {
  try {
    const skills::Bundle bundle = read();
    must(bundle.find("SKILL.md") != nullptr && bundle.files().size() <= skills::kMaxFiles);
    std::size_t bytes = 0;
    std::string_view before;
    for (const auto& file : bundle.files()) {
      must(before.empty() || before < file.path);
      must(skills::normalisedPath(file.path) == file.path);
      must(file.bytes.size() <= skills::kMaxFileBytes);
      bytes += file.bytes.size();
      before = file.path;
    }
    must(bytes <= skills::kMaxBundleBytes);
  } catch (const mortise::Problem& refused) {
    must(refused.status() == 422);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view archive(reinterpret_cast<const char*>(data), size);
  const skills::Cancellation never(nullptr);
  check([&] { return skills::bundleOfArchive(archive, never); });
  std::size_t at = 0;
  const skills::ArchivePieces pieces = [&] {
    const auto piece = archive.substr(std::min(at, size), 300);
    at += piece.size();
    return piece;
  };
  check([&] { return skills::bundleOfRepository(pieces, "skills", never); });
  return 0;
}
