// A file of JSON as RapidJSON's reader takes it: piece by piece, with the number of the line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace session_sharing {

// The input stream of a rapidjson::Reader. An escape of half a character ("\ud83d" alone), which many programs write
// and RapidJSON refuses, is read as U+FFFD; a byte order mark at the beginning is passed over. One thread at a time.
class JsonSource {
 public:
  using Ch = char;

  // `next` gives the next bytes, empty at the end; they live until the next call.
  explicit JsonSource(std::function<std::string_view()> next);

  char Peek() const { return at_ < clean_ ? buffer_[at_] : '\0'; }
  char Take() {
    if (at_ >= clean_) return '\0';
    const char c = buffer_[at_++];
    ++taken_;
    if (c == '\n') ++line_;
    if (at_ == clean_) fill();
    return c;
  }
  std::size_t Tell() const { return static_cast<std::size_t>(taken_); }
  // For streams that are written to: never called.
  char* PutBegin() { return nullptr; }
  void Put(char) {}
  void Flush() {}
  std::size_t PutEnd(char*) { return 0; }

  // Passes white space; returns how many lines ended in it.
  std::int64_t skipBlank();
  // True behind the last byte. Peek() says the same for a NUL in the file.
  bool isAtEnd() const { return at_ >= clean_; }
  std::int64_t line() const { return line_; }  // from 1

 private:
  void fill();
  void clean();
  void cleanEscape();

  std::function<std::string_view()> next_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t clean_ = 0;  // up to here escapes are whole and looked at
  std::uint64_t taken_ = 0;
  std::int64_t line_ = 1;
  bool isInText_ = false;
  bool isOver_ = false;
};

}  // namespace session_sharing
