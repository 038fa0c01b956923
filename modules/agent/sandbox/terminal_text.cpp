#include "terminal_text.hpp"

#include <mortise/characters.hpp>

#include <algorithm>

namespace agent::sandbox {
namespace {

// Characters that can still be written over. Few: four bytes may touch all of them.
constexpr std::size_t kMaxLine = 1024;
constexpr std::size_t kMaxParameters = 32;  // bytes of a control sequence
constexpr std::size_t kSlack = 64U << 10U;  // trimmed in larger steps
constexpr char32_t kReplacement = 0xfffd;

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (c >> 6)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | (c >> 12)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | (c >> 18)));
    out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

// Bytes of the first `count` characters.
std::size_t bytesOf(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) {
    ++at;
    while (at < text.size() && continues(text[at])) ++at;
  }
  return at;
}

}  // namespace

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const auto size = mortise::firstCodePoint(text).size;
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void TerminalText::feed(std::string_view bytes) {
  for (const char c : bytes) byte(static_cast<unsigned char>(c));
}

std::string TerminalText::text() const {
  std::string line;
  for (const auto c : line_) append(line, c);
  const auto characters = doneCharacters_ + line_.size();
  const auto surplus = characters > most_ ? characters - most_ : 0;
  const auto dropped = dropped_ + surplus;
  std::string out;
  if (dropped > 0) out = "[" + std::to_string(dropped) + " characters dropped]\n";
  const auto fromDone = std::min(surplus, doneCharacters_);
  out.append(done_, bytesOf(done_, fromDone));
  out.append(line, bytesOf(line, surplus - fromDone));
  return out;
}

void TerminalText::shrink(std::size_t most) {
  most_ = most;
  line_.shrink_to_fit();
  if (doneCharacters_ <= most_) {
    done_.shrink_to_fit();
    return;
  }
  const auto surplus = doneCharacters_ - most_;
  done_ = done_.substr(bytesOf(done_, surplus));  // a copy gives the memory back
  doneCharacters_ -= surplus;
  dropped_ += surplus;
}

void TerminalText::trim() {
  if (doneCharacters_ <= most_ + kSlack) return;
  const auto surplus = doneCharacters_ - most_;
  done_.erase(0, bytesOf(done_, surplus));
  doneCharacters_ -= surplus;
  dropped_ += surplus;
}

void TerminalText::byte(unsigned char byte) {
  // These two end whatever has begun, wherever it stands.
  if (byte == 0x18 || byte == 0x1a) {
    breakOffCharacter();
    state_ = State::ground;
    return;
  }
  switch (state_) {
    case State::ground:
      ground(byte);
      return;
    case State::escape:
      if (byte == '[') {
        parameters_.clear();
        state_ = State::csi;
      } else if (byte == ']' || byte == 'P' || byte == '^' || byte == '_' || byte == 'X') {
        state_ = State::string;
      } else if (byte == 0x1b) {
        return;
      } else if (byte >= 0x20 && byte < 0x30) {
        state_ = State::charset;
      } else if (byte < 0x20) {
        control(byte);
      } else {
        state_ = State::ground;
      }
      return;
    case State::charset:  // any number of bytes below 0x30, then one more
      if (byte == 0x1b) {
        state_ = State::escape;
      } else if (byte < 0x20) {
        control(byte);
      } else if (byte >= 0x30) {
        state_ = State::ground;
      }
      return;
    case State::csi:
      if (byte == 0x1b) {
        state_ = State::escape;
      } else if (byte < 0x20) {
        control(byte);
      } else if (byte < 0x40) {
        if (parameters_.size() < kMaxParameters) parameters_.push_back(static_cast<char>(byte));
      } else {
        state_ = State::ground;
        if (byte < 0x7f) csiEnd(byte);
      }
      return;
    case State::string:
      if (byte == 0x07) state_ = State::ground;
      if (byte == 0x1b) state_ = State::stringEscape;
      return;
    case State::stringEscape:
      if (byte == '\\' || byte == 0x07) {
        state_ = State::ground;
      } else if (byte != 0x1b) {
        state_ = State::string;
      }
      return;
  }
}

void TerminalText::ground(unsigned char byte) {
  if (missing_ > 0) {
    if (continues(static_cast<char>(byte))) {
      continueCharacter(byte);
      return;
    }
    breakOffCharacter();
  }
  if (byte == 0x1b) {
    state_ = State::escape;
  } else if (byte < 0x20 || byte == 0x7f) {
    control(byte);
  } else if (byte < 0x80) {
    put(byte);
  } else if (byte >= 0xc2 && byte < 0xe0) {
    character_ = byte & 0x1f, least_ = 0x80, missing_ = 1;
  } else if (byte >= 0xe0 && byte < 0xf0) {
    character_ = byte & 0x0f, least_ = 0x800, missing_ = 2;
  } else if (byte >= 0xf0 && byte < 0xf5) {
    character_ = byte & 0x07, least_ = 0x10000, missing_ = 3;
  } else {
    put(kReplacement);
  }
}

void TerminalText::continueCharacter(unsigned char byte) {
  character_ = (character_ << 6) | (byte & 0x3f);
  if (--missing_ > 0) return;
  const bool good = character_ >= least_ && character_ <= 0x10ffff && (character_ < 0xd800 || character_ > 0xdfff);
  if (!good) {
    put(kReplacement);
  } else if (character_ >= 0xa0) {  // 0x80 to 0x9f are controls
    put(character_);
  }
}

void TerminalText::breakOffCharacter() {
  if (missing_ > 0) put(kReplacement);
  missing_ = 0;
}

void TerminalText::control(unsigned char byte) {
  switch (byte) {
    case '\n':
    case 0x0b:
    case 0x0c:
      endLine(true);
      break;
    case '\r':
      cursor_ = 0;
      break;
    case '\b':
      if (cursor_ > 0) --cursor_;
      break;
    case '\t':
      put('\t');
      break;
    default:
      break;
  }
}

std::size_t TerminalText::parameter(std::size_t fallback) const {
  std::size_t value = 0;
  bool any = false;
  for (const char c : parameters_) {
    if (c < '0' || c > '9') break;
    value = std::min<std::size_t>(value * 10 + static_cast<std::size_t>(c - '0'), kMaxLine);
    any = true;
  }
  return any ? value : fallback;
}

// What moves or erases within the line; the rest (colours, movements to other lines) has no place in plain text.
void TerminalText::csiEnd(unsigned char byte) {
  switch (byte) {
    case 'K':
    case 'J': {
      const auto what = parameter(0);
      if (what == 0) {
        line_.resize(std::min(cursor_, line_.size()));
      } else if (what == 1) {
        std::fill_n(line_.begin(), std::min(cursor_ + 1, line_.size()), U' ');
      } else {
        line_.clear();
      }
      break;
    }
    case 'C':
      cursor_ = std::min(cursor_ + std::max<std::size_t>(parameter(1), 1), kMaxLine - 1);
      break;
    case 'D':
      cursor_ -= std::min(cursor_, std::max<std::size_t>(parameter(1), 1));
      break;
    case 'G':
    case '`':
      cursor_ = std::min(std::max<std::size_t>(parameter(1), 1) - 1, kMaxLine - 1);
      break;
    case 'P':
      if (cursor_ < line_.size()) line_.erase(cursor_, std::max<std::size_t>(parameter(1), 1));
      break;
    case 'X':
      for (auto i = cursor_; i < std::min(line_.size(), cursor_ + std::max<std::size_t>(parameter(1), 1)); ++i)
        line_[i] = U' ';
      break;
    case '@':
      if (cursor_ < line_.size())
        line_.insert(cursor_, std::min(parameter(1), kMaxLine - std::min(line_.size(), kMaxLine)), U' ');
      break;
    default:
      break;
  }
}

void TerminalText::put(char32_t character) {
  if (cursor_ >= kMaxLine) endLine(false);
  if (cursor_ > line_.size()) line_.resize(cursor_, U' ');
  if (cursor_ < line_.size()) {
    line_[cursor_] = character;
  } else {
    line_.push_back(character);
  }
  ++cursor_;
}

void TerminalText::endLine(bool newLine) {
  for (const auto c : line_) append(done_, c);
  doneCharacters_ += line_.size();
  if (newLine) {
    done_.push_back('\n');
    ++doneCharacters_;
  }
  line_.clear();
  cursor_ = 0;
  trim();
}

}  // namespace agent::sandbox
