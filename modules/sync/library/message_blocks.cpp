#include "library/message_blocks.hpp"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "archives/member_lines.hpp"
#include "library/message_line.hpp"

namespace session_sharing {
namespace {

constexpr std::string_view kHead = "MSGBLK1\n";
constexpr std::string_view kTail = "MSGEND1\n";
constexpr std::size_t kBlock = std::size_t{256} << 10;
constexpr std::size_t kMaxBlock = kBlock + kMaxLine + 64;
constexpr std::size_t kPlace = 24;
constexpr std::size_t kFooter = 40;
constexpr std::uint64_t kMaxBlocks = std::uint64_t{1} << 20;

template <class Integer>
void append(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}
template <class Integer>
Integer take(std::string_view& from) {
  if (from.size() < sizeof(Integer)) throw BlocksDamaged("a table of messages ends early");
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i)
    value |= static_cast<Integer>(static_cast<Integer>(static_cast<unsigned char>(from[i])) << (8 * i));
  from.remove_prefix(sizeof value);
  return value;
}

void appendNumber(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
std::uint64_t takeNumber(std::string_view& from) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    if (from.empty()) throw BlocksDamaged("a block of messages ends early");
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  throw BlocksDamaged("a number in a block of messages is too long");
}

struct Entry {
  std::int64_t line = 0;
  std::string_view text;  // empty: hidden
};
Entry takeEntry(std::string_view& from) {
  Entry entry;
  entry.line = static_cast<std::int64_t>(takeNumber(from));
  const auto size = takeNumber(from);
  if (size > from.size()) throw BlocksDamaged("a message reaches out of its block");
  entry.text = from.substr(0, size);
  from.remove_prefix(size);
  return entry;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

}  // namespace

MessageBlocksWriter::MessageBlocksWriter(std::function<void(std::string_view)> write) : write_(std::move(write)) {
  put(kHead);
}

void MessageBlocksWriter::put(std::string_view bytes) {
  write_(bytes);
  offset_ += bytes.size();
}

void MessageBlocksWriter::add(std::int64_t line, std::string_view text) {
  const auto kind = messageLineOf(text);
  if (kind == MessageLine::none) return;
  if (block_.empty()) {
    next_.firstLine = static_cast<std::uint32_t>(line);
    next_.firstShown = shown_;
  }
  appendNumber(block_, static_cast<std::uint64_t>(line));
  if (kind == MessageLine::hidden) {
    appendNumber(block_, 0);
  } else {
    appendNumber(block_, text.size());
    block_.append(text);
    ++shown_;
  }
  if (block_.size() >= kBlock) flush();
}

void MessageBlocksWriter::flush() {
  if (block_.empty()) return;
  packed_.resize(compressBound(block_.size()));
  uLongf size = packed_.size();
  const auto status = compress2(reinterpret_cast<Bytef*>(packed_.data()), &size,
                                reinterpret_cast<const Bytef*>(block_.data()), block_.size(), Z_BEST_SPEED);
  if (status != Z_OK) throw std::bad_alloc();  // all that can fail here
  next_.offset = offset_;
  next_.packedSize = static_cast<std::uint32_t>(size);
  next_.size = static_cast<std::uint32_t>(block_.size());
  table_.push_back(next_);
  put(std::string_view(packed_).substr(0, size));
  if (block_.capacity() > 4 * kBlock) std::string().swap(block_);  // one long message does not stay
  if (packed_.capacity() > 4 * kBlock) std::string().swap(packed_);
  block_.clear();
}

void MessageBlocksWriter::finish() {
  flush();
  std::string table;
  for (const auto& place : table_) {
    append(table, place.offset);
    append(table, place.packedSize);
    append(table, place.size);
    append(table, place.firstShown);
    append(table, place.firstLine);
  }
  std::string footer;
  append(footer, offset_);
  append(footer, std::uint64_t{table_.size()});
  append(footer, std::uint64_t{shown_});
  append(footer, std::uint32_t{checksum(table)});
  append(footer, std::uint32_t{0});
  footer.append(kTail);
  put(table);
  put(footer);
}

MessageBlocks::MessageBlocks(std::uint64_t size, ReadAt read) : read_(std::move(read)) {
  if (size < kHead.size() + kFooter || bytes(0, kHead.size()) != kHead)
    throw BlocksDamaged("this is no file of message blocks");
  const auto footer = bytes(size - kFooter, kFooter);
  std::string_view rest = footer;
  const auto at = take<std::uint64_t>(rest);
  const auto count = take<std::uint64_t>(rest);
  const auto shown = take<std::uint64_t>(rest);
  const auto sum = take<std::uint32_t>(rest);
  take<std::uint32_t>(rest);
  if (rest != kTail || count > kMaxBlocks || at > size || size - at != count * kPlace + kFooter)
    throw BlocksDamaged("the end of a file of message blocks is damaged");
  shown_ = static_cast<std::int64_t>(shown);
  const auto table = bytes(at, count * kPlace);
  if (checksum(table) != sum) throw BlocksDamaged("the table of a file of message blocks is damaged");
  rest = table;
  table_.reserve(count);
  while (!rest.empty()) {
    auto& place = table_.emplace_back();
    place.offset = take<std::uint64_t>(rest);
    place.packedSize = take<std::uint32_t>(rest);
    place.size = take<std::uint32_t>(rest);
    place.firstShown = take<std::uint32_t>(rest);
    place.firstLine = take<std::uint32_t>(rest);
    if (place.size > kMaxBlock || place.offset > at || place.packedSize > at - place.offset)
      throw BlocksDamaged("a block of messages reaches out of its file");
  }
}

std::string MessageBlocks::bytes(std::uint64_t offset, std::size_t size) const {
  std::string out(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const auto count = read_(offset + done, out.data() + done, size - done);
    if (count == 0) throw BlocksDamaged("a file of message blocks ends early");
    done += count;
  }
  return out;
}

std::string MessageBlocks::block(const BlockPlace& place) const {
  const auto packed = bytes(place.offset, place.packedSize);
  std::string out(place.size, '\0');
  uLongf size = out.size();
  const auto status = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                 reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  if (status != Z_OK || size != out.size()) throw BlocksDamaged("a block of messages can't be inflated");
  return out;
}

std::vector<MessageBlocks::Message> MessageBlocks::read(std::int64_t first, std::int64_t count) const {
  std::vector<Message> out;
  count = std::min(count, shown_ - first);
  if (first < 0 || count <= 0) return out;
  // The last block that begins at or before it.
  auto place = std::upper_bound(table_.begin(), table_.end(), first,
                                [](std::int64_t number, const BlockPlace& each) { return number < each.firstShown; });
  if (place == table_.begin()) throw BlocksDamaged("the table of a file of message blocks begins late");
  --place;
  std::int64_t number = place->firstShown;
  for (; place != table_.end() && std::ssize(out) < count; ++place) {
    const auto bytes = block(*place);
    std::string_view rest = bytes;
    while (!rest.empty() && std::ssize(out) < count) {
      const auto entry = takeEntry(rest);
      if (entry.text.empty()) continue;
      if (number++ >= first) out.push_back({entry.line, std::string(entry.text)});
    }
  }
  return out;
}

std::optional<MessageBlocks::Place> MessageBlocks::find(std::int64_t line) const {
  auto place = std::upper_bound(table_.begin(), table_.end(), line,
                                [](std::int64_t number, const BlockPlace& each) { return number < each.firstLine; });
  if (place == table_.begin()) return std::nullopt;
  --place;
  const auto bytes = block(*place);
  std::string_view rest = bytes;
  std::int64_t number = place->firstShown;
  while (!rest.empty()) {
    const auto entry = takeEntry(rest);
    if (entry.line > line) return std::nullopt;
    if (entry.line == line) {
      Place out;
      out.isShown = !entry.text.empty();
      if (out.isShown) out.number = number;
      if (!out.isShown && shown_ > 0) out.number = std::max<std::int64_t>(number - 1, 0);
      return out;
    }
    if (!entry.text.empty()) ++number;
  }
  return std::nullopt;
}

}  // namespace session_sharing
