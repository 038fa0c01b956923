// The messages of one archive in blocks that are compressed each for itself, with a table of where they are: any page
// is read without the pages before it.
//
// The file: 8 bytes "MSGBLK1\n"; the blocks; the table, 24 bytes for each block; and a footer of 40 bytes. A block is a
// zlib stream of entries: the line's number, its size (0: a hidden message) and its bytes, numbers as LEB128. Integers
// of table and footer are little-endian.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

// A file of blocks that is none, or not whole.
class BlocksDamaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where one block lies, and what it begins with.
struct BlockPlace {
  std::uint64_t offset = 0;
  std::uint32_t packedSize = 0;
  std::uint32_t size = 0;
  std::uint32_t firstShown = 0;  // number of the first shown message at or behind its begin
  std::uint32_t firstLine = 0;
};

// Writes such a file from the lines of messages.jsonl, in order. One thread at a time.
class MessageBlocksWriter {
 public:
  // `write` gets the file piece by piece.
  explicit MessageBlocksWriter(std::function<void(std::string_view)> write);

  // Lines that are no message are passed over.
  void add(std::int64_t line, std::string_view text);
  // The end of the file; nothing may be added after it.
  void finish();

 private:
  void flush();
  void put(std::string_view bytes);

  std::function<void(std::string_view)> write_;
  std::string block_;
  std::string packed_;
  BlockPlace next_;
  std::uint64_t offset_ = 0;
  std::uint32_t shown_ = 0;
  std::vector<BlockPlace> table_;
};

// Reads one. Functions throw BlocksDamaged, and what `read` throws. Const functions may run on several threads if
// `read` may.
class MessageBlocks {
 public:
  // Reads at most `size` bytes at `offset`; returns how many, 0 at the end.
  using ReadAt = std::function<std::size_t(std::uint64_t offset, char* buffer, std::size_t size)>;
  MessageBlocks(std::uint64_t size, ReadAt read);

  struct Message {
    std::int64_t line = 0;  // in messages.jsonl, counted from 0
    std::string text;       // JSON
  };

  // How many messages are shown.
  std::int64_t shown() const { return shown_; }
  // `count` shown messages from the one with the number `first` (counted from 0) on; fewer at the end.
  std::vector<Message> read(std::int64_t first, std::int64_t count) const;

  struct Place {
    bool isShown = false;
    std::optional<std::int64_t> number;  // its own; of a hidden one: of the shown one before it, else behind it
  };
  // Empty when the line is no message.
  std::optional<Place> find(std::int64_t line) const;

 private:
  std::string bytes(std::uint64_t offset, std::size_t size) const;
  std::string block(const BlockPlace& place) const;

  ReadAt read_;
  std::vector<BlockPlace> table_;
  std::int64_t shown_ = 0;
};

}  // namespace session_sharing
