// What a terminal wrote, as plain text: escape sequences, colours and control characters out, and lines that were written
// over (progress bars) as they stood at last. Fed piece by piece; the text does not depend on how the pieces were cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace agent::sandbox {

class TerminalText {
 public:
  // Keeps the last `most` characters.
  explicit TerminalText(std::size_t most) : most_(most) {}

  void feed(std::string_view bytes);
  // UTF-8; begins with a remark when characters were dropped.
  std::string text() const;
  std::size_t characters() const { return doneCharacters_ + line_.size(); }
  // Keeps fewer from now on, and gives memory back.
  void shrink(std::size_t most);

 private:
  enum class State : std::uint8_t { ground, escape, charset, csi, string, stringEscape };

  void byte(unsigned char byte);
  void ground(unsigned char byte);
  void continueCharacter(unsigned char byte);
  void control(unsigned char byte);
  void csiEnd(unsigned char byte);
  std::size_t parameter(std::size_t fallback) const;
  void put(char32_t character);
  void breakOffCharacter();
  void endLine(bool newLine);
  void trim();

  std::size_t most_;
  std::string done_;  // whole lines
  std::size_t doneCharacters_ = 0;
  std::uint64_t dropped_ = 0;  // characters
  std::u32string line_;
  std::size_t cursor_ = 0;

  State state_ = State::ground;
  std::string parameters_;
  char32_t character_ = 0;  // of a sequence that has begun
  char32_t least_ = 0;      // what a sequence of that length must reach at least
  int missing_ = 0;
};

// Whether all of it is UTF-8 (no surrogates, nothing overlong).
bool isUtf8(std::string_view text);

}  // namespace agent::sandbox
