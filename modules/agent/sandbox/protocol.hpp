// The frames between the server and the helper inside a box, over one stream socket: u32 length of the payload, u8 type,
// u32 channel, payload; little endian. Both sides include this; the helper is built without exceptions and containers.
//
// A channel is one command, program, connection or file operation. The server opens it (exec, spawn, connect, file) with
// a number that it never uses again; the helper ends it with `closed`, after which it says nothing more about it. Output
// flows as far as the server gave credit; input as far as the helper reports it `taken` (kMaxInput may wait).
//
// `spawn` and `descriptor` come with descriptors of their own (SCM_RIGHTS), sent with the first byte of the frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace agent::sandbox::wire {

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kHead = 9;
inline constexpr std::size_t kMaxToServer = 64U << 10U;  // bytes of a payload
inline constexpr std::size_t kMaxToHelper = 1U << 20U;
inline constexpr std::uint32_t kMaxInput = 1U << 20U;    // bytes of one channel that nobody has read yet
inline constexpr std::size_t kMaxCommand = 100U << 10U;  // the kernel takes 128 KiB in one argument
inline constexpr std::size_t kMaxPath = 4095;
inline constexpr int kMaxChannels = 96;
inline constexpr int kMaxDescriptors = 8;              // that one program gets
inline constexpr int kMaxNumber = 31;                  // of a descriptor in a program
inline constexpr std::size_t kMaxTexts = 512U << 10U;  // arguments and environment of one program
inline constexpr int kMaxTextCount = 1024;
inline constexpr std::size_t kMaxSocketPath = 107;  // the kernel's, without the NUL

// The way out of a box: where programs find it, and the socket of the server's proxy behind it.
inline constexpr std::uint16_t kRelayPort = 3128;
inline constexpr char kEgressSocket[] = "/run/egress/proxy";

enum class Type : std::uint8_t {
  // to the helper
  hello = 1,  // Hello
  exec,       // Exec
  file,       // FileRequest
  input,      // bytes; none: the end, for a file that is written
  kill,       // TERM, a second later KILL, for everything that the command started
  credit,     // u32: bytes of output that the server takes further
  close,      // KILL at once; `closed` follows
  ping,
  spawn,    // Spawn, with its descriptors
  connect,  // path of a listening unix stream socket
  // to the server
  ready = 64,  // u32 kVersion
  output,      // bytes
  taken,       // u32: bytes of input that the program or file has got
  exited,      // i32: of a command or program its status or 128 + signal, of anything else 0 or an errno
  closed,      // nothing lives on the channel any more
  pong,
  started,     // the program of spawn runs
  descriptor,  // the connected socket of connect, not blocking, as a descriptor
};

struct Frame {
  Type type{};
  std::uint32_t channel = 0;
  const char* data = nullptr;
  std::size_t size = 0;
};

inline void putU32(char* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i));
}
inline void putU64(char* at, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<char>(value >> (8 * i));
}
inline std::uint32_t getU32(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])) << (8 * i);
  return value;
}
inline std::uint64_t getU64(const char* at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(at[i])) << (8 * i);
  return value;
}

inline void putHead(char* at, Type type, std::uint32_t channel, std::uint32_t size) {
  putU32(at, size);
  at[4] = static_cast<char>(type);
  putU32(at + 5, channel);
}

enum class Parsed : std::uint8_t { frame, more, bad };

// The first frame of `size` bytes; its payload points into them. bad: longer than `most`. The type is not checked.
inline Parsed parse(const char* bytes, std::size_t size, std::size_t most, Frame& frame) {
  if (size < 4) return Parsed::more;
  const std::uint32_t length = getU32(bytes);
  if (length > most) return Parsed::bad;
  if (size < kHead + length) return Parsed::more;
  frame.type = static_cast<Type>(static_cast<std::uint8_t>(bytes[4]));
  frame.channel = getU32(bytes + 5);
  frame.data = bytes + kHead;
  frame.size = length;
  return Parsed::frame;
}

// Limits that only the inside of a box can set.
struct Hello {
  std::uint32_t version = kVersion;
  std::uint32_t processes = 128;
  std::uint32_t openFiles = 4096;
  std::uint32_t silence = 60;   // seconds without a frame after which the helper gives up
  std::uint64_t fileBytes = 0;  // the largest file
  static constexpr std::size_t kSize = 24;

  void write(char* at) const {
    putU32(at, version);
    putU32(at + 4, processes);
    putU32(at + 8, openFiles);
    putU32(at + 12, silence);
    putU64(at + 16, fileBytes);
  }
  bool read(const Frame& frame) {
    if (frame.size != kSize) return false;
    version = getU32(frame.data);
    processes = getU32(frame.data + 4);
    openFiles = getU32(frame.data + 8);
    silence = getU32(frame.data + 12);
    fileBytes = getU64(frame.data + 16);
    return version == kVersion && processes > 0 && openFiles >= 64 && silence > 0;
  }
};

// A text in a frame, without a NUL inside.
struct Span {
  const char* data = nullptr;
  std::size_t size = 0;
};
inline bool isText(Span text, std::size_t most) {
  return text.size <= most && (text.size == 0 || std::memchr(text.data, 0, text.size) == nullptr);
}

// u16 rows, u16 columns, u32 length of the directory, directory, command.
struct Exec {
  std::uint16_t rows = 40;
  std::uint16_t columns = 120;
  Span directory{};
  Span command{};
  static constexpr std::size_t kFixed = 8;

  bool read(const Frame& frame) {
    if (frame.size < kFixed) return false;
    const std::uint32_t sizes = getU32(frame.data);
    rows = static_cast<std::uint16_t>(sizes & 0xffff);
    columns = static_cast<std::uint16_t>(sizes >> 16);
    const std::uint32_t length = getU32(frame.data + 4);
    if (length > frame.size - kFixed) return false;
    directory = {frame.data + kFixed, length};
    command = {frame.data + kFixed + length, frame.size - kFixed - length};
    return isText(directory, kMaxPath) && isText(command, kMaxCommand) && directory.size > 0;
  }
};

// Texts one after another, each ended by a NUL: how many, or -1.
inline int textsIn(Span texts) {
  if (texts.size == 0) return 0;
  if (texts.data[texts.size - 1] != '\0') return -1;
  int count = 0;
  for (std::size_t at = 0; at < texts.size; ++count) {
    const auto size = std::strlen(texts.data + at);
    if (size > kMaxCommand || count == kMaxTextCount) return -1;
    at += size + 1;
  }
  return count;
}

// u8 count of descriptors, for each the number it gets (u8), u32 length of the directory, u32 length of the arguments,
// directory, arguments, environment (NAME=value, beside and before what the helper has); both are texts as above.
struct Spawn {
  std::uint8_t numbers[kMaxDescriptors] = {};
  int descriptors = 0;
  Span directory{};
  Span arguments{};
  Span environment{};

  bool read(const Frame& frame) {
    if (frame.size < 1) return false;
    descriptors = static_cast<unsigned char>(frame.data[0]);
    const std::size_t fixed = 1 + static_cast<std::size_t>(descriptors) + 8;
    if (descriptors > kMaxDescriptors || frame.size < fixed) return false;
    for (int i = 0; i < descriptors; ++i) {
      numbers[i] = static_cast<std::uint8_t>(frame.data[1 + i]);
      if (numbers[i] > kMaxNumber) return false;
      for (int j = 0; j < i; ++j) {
        if (numbers[j] == numbers[i]) return false;
      }
    }
    const std::size_t directorySize = getU32(frame.data + fixed - 8);
    const std::size_t argumentsSize = getU32(frame.data + fixed - 4);
    const std::size_t rest = frame.size - fixed;
    if (directorySize > rest || argumentsSize > rest - directorySize || rest - directorySize > kMaxTexts) return false;
    directory = {frame.data + fixed, directorySize};
    arguments = {directory.data + directorySize, argumentsSize};
    environment = {arguments.data + argumentsSize, rest - directorySize - argumentsSize};
    return isText(directory, kMaxPath) && directorySize > 0 && textsIn(arguments) > 0 && arguments.data[0] != '\0' &&
           textsIn(environment) >= 0;
  }
};

enum class FileOperation : std::uint8_t {
  read = 1,  // output: u64 size of the file, then its bytes from `offset`, `most` at most
  write,     // input: the bytes
  append,
  stat,    // output: u8 kind ('f', 'd', 'o'), u64 size
  remove,  // a file, not a directory
  walk,    // output: for each entry below, u8 kind ('f', 'd', 'o'), path, NUL; `most`: levels
};

// u8 operation, u64 offset, u64 most, path.
struct FileRequest {
  FileOperation operation{};
  std::uint64_t offset = 0;
  std::uint64_t most = 0;
  Span path{};
  static constexpr std::size_t kFixed = 17;

  bool read(const Frame& frame) {
    if (frame.size <= kFixed) return false;
    const auto kind = static_cast<std::uint8_t>(frame.data[0]);
    if (kind < static_cast<std::uint8_t>(FileOperation::read) || kind > static_cast<std::uint8_t>(FileOperation::walk))
      return false;
    operation = static_cast<FileOperation>(kind);
    offset = getU64(frame.data + 1);
    most = getU64(frame.data + 9);
    path = {frame.data + kFixed, frame.size - kFixed};
    return isText(path, kMaxPath) && path.data[0] == '/';
  }
};

}  // namespace agent::sandbox::wire
