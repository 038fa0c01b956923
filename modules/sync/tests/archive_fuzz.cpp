// Any bytes as an archive, and as the tar within one: what is read keeps the limits, what is refused is a Problem for
// the client.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mortise/problem.hpp>
#include <string>
#include <string_view>

#include "archives/archive_contents.hpp"
#include "archives/member_lines.hpp"
#include "utf8.hpp"

namespace {

using namespace session_sharing;

void must(bool good) {
  if (!good) std::abort();
}

ArchiveBytes bytesOfText(std::string_view text) {
  return [text](std::uint64_t offset, char* buffer, std::size_t size) -> std::size_t {
    if (offset >= text.size()) return 0;
    const auto count = std::min<std::size_t>(size, text.size() - offset);
    std::memcpy(buffer, text.data() + offset, count);
    return count;
  };
}

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  must(deflateInit2(&stream, Z_NO_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  must(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool isRefusal(const mortise::Problem& problem) { return problem.status() == 400 || problem.status() == 413; }

void check(std::string_view archive) {
  const ArchiveLimits limits{1 << 20, 4 << 20, 100};
  const auto keep = [](std::string_view text) { return std::string(text); };
  try {
    const auto contents = readContents(bytesOfText(archive), limits, keep, [] {});
    must(utf8::isText(contents.searchText) && contents.searchText.size() <= (100U << 10));
    must(utf8::isText(contents.metadata.title.value_or("")));
    must(utf8::isText(contents.metadata.gitRemote.value_or("")));
  } catch (const mortise::Problem& problem) {
    must(isRefusal(problem));
  }
  try {
    ArchiveReader reader(bytesOfText(archive), limits, [] {});
    std::size_t members = 0;
    while (const auto* member = reader.next()) {
      must(++members <= limits.members && member->size <= limits.memberBytes);
      must(utf8::isText(member->name) && !member->name.empty() && member->name.front() != '/');
      must(member->name.find("..") == std::string::npos);
      std::uint64_t size = 0;
      std::int64_t lines = 0;
      eachLine(reader, [&](MemberLine& line) {
        must(line.number == lines++ && line.offset >= size);
        size = line.offset + line.size;
        return true;
      });
      must(size <= member->size);
    }
  } catch (const mortise::Problem& problem) {
    must(isRefusal(problem));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input);
  check(gzipped(input));
  return 0;
}
