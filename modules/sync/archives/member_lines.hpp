// The lines of a member of an archive, as messages.jsonl has them, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "archives/archive_reader.hpp"

namespace session_sharing {

inline constexpr std::size_t kMaxLine = std::size_t{8} << 20;

struct MemberLine {
  std::string text;          // without its line end; empty for a line of more than kMaxLine bytes
  std::uint64_t offset = 0;  // of its first byte in the member
  std::uint64_t size = 0;    // without the line end, kept or not
  std::int64_t number = 0;   // from 0; blank lines count
};

// Calls use(line) for each line of the member that `reader` is at; a line end at the end begins no line. `line.text`
// may be changed, its memory is used again. Stops early when `use` returns false. Problems as of ArchiveReader.
void eachLine(ArchiveReader& reader, const std::function<bool(MemberLine& line)>& use);

}  // namespace session_sharing
