// Archives for tests, and what reading them refuses.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <mortise/problem.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "archives/archive_reader.hpp"
#include "tests/peers/packed_archive.hpp"

namespace session_sharing {

using mortise::peers::TestEntry;

inline const std::function<void()> kNever = [] {};

inline ArchiveBytes bytesOf(std::string bytes) {
  return [bytes = std::move(bytes)](std::uint64_t offset, char* buffer, std::size_t size) -> std::size_t {
    if (offset >= bytes.size()) return 0;
    const auto count = std::min<std::size_t>(size, bytes.size() - offset);
    return bytes.copy(buffer, count, offset);
  };
}

inline std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib");
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string packedTar(const std::vector<TestEntry>& entries) { return mortise::peers::packed("tar", entries); }
inline std::string packed(const std::vector<TestEntry>& entries) { return gzipped(packedTar(entries)); }
inline std::string packedZip(const std::vector<TestEntry>& entries) { return mortise::peers::packed("zip", entries); }

// Of the header at the start.
inline void setChecksum(std::string& tar) {
  std::memset(tar.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  std::snprintf(tar.data() + 148, 8, "%06o", sum);
}

// One entry as no library would write it: `type` as the header has it ('0' file, 'L' long name, 'x' pax records, ...).
inline std::string rawEntry(const std::string& name, char type, const std::string& bytes) {
  std::string entry(512, '\0');
  std::memcpy(entry.data(), name.data(), std::min<std::size_t>(name.size(), 100));
  std::snprintf(entry.data() + 100, 8, "%07o", 0644);
  std::snprintf(entry.data() + 124, 12, "%011o", static_cast<unsigned>(bytes.size()));
  entry[156] = type;
  std::memcpy(entry.data() + 257,
              "ustar\0"
              "00",
              8);
  setChecksum(entry);
  entry += bytes;
  entry.resize((entry.size() + 511) / 512 * 512, '\0');
  return entry;
}
inline std::string archiveOf(const std::string& entries) { return gzipped(entries + std::string(1024, '\0')); }
// A pax record: its length counts itself.
inline std::string paxRecord(const std::string& key, const std::string& value) {
  const auto rest = " " + key + "=" + value + "\n";
  auto size = rest.size();
  while (std::to_string(size).size() + rest.size() != size) size = std::to_string(size).size() + rest.size();
  return std::to_string(size) + rest;
}

// "status code" of what `work` throws; empty when it throws nothing.
inline std::string refusal(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const mortise::Problem& problem) {
    return std::to_string(problem.status()) + " " + problem.code();
  }
}

}  // namespace session_sharing
