#include "browser/keys.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>

#include <cctype>
#include <iterator>

namespace agent::browser {
namespace {

struct Named {
  std::string_view written;  // in lower case
  std::string_view name;
  std::string_view code;
  int virtualCode;
  std::string_view text = {};
};
constexpr Named kNamed[] = {{"enter", "Enter", "Enter", 13, "\r"},
                            {"return", "Enter", "Enter", 13, "\r"},
                            {"tab", "Tab", "Tab", 9},
                            {"backspace", "Backspace", "Backspace", 8},
                            {"delete", "Delete", "Delete", 46},
                            {"insert", "Insert", "Insert", 45},
                            {"escape", "Escape", "Escape", 27},
                            {"esc", "Escape", "Escape", 27},
                            {"space", " ", "Space", 32, " "},
                            {"home", "Home", "Home", 36},
                            {"end", "End", "End", 35},
                            {"pageup", "PageUp", "PageUp", 33},
                            {"pagedown", "PageDown", "PageDown", 34},
                            {"arrowleft", "ArrowLeft", "ArrowLeft", 37},
                            {"arrowup", "ArrowUp", "ArrowUp", 38},
                            {"arrowright", "ArrowRight", "ArrowRight", 39},
                            {"arrowdown", "ArrowDown", "ArrowDown", 40},
                            {"left", "ArrowLeft", "ArrowLeft", 37},
                            {"up", "ArrowUp", "ArrowUp", 38},
                            {"right", "ArrowRight", "ArrowRight", 39},
                            {"down", "ArrowDown", "ArrowDown", 40}};

struct Modifier {
  std::string_view written;
  std::string_view name;
  std::string_view code;
  int virtualCode;
  unsigned bit;
};
constexpr Modifier kModifiers[] = {
    {"alt", "Alt", "AltLeft", 18, 1},          {"control", "Control", "ControlLeft", 17, 2},
    {"ctrl", "Control", "ControlLeft", 17, 2}, {"meta", "Meta", "MetaLeft", 91, 4},
    {"cmd", "Meta", "MetaLeft", 91, 4},        {"command", "Meta", "MetaLeft", 91, 4},
    {"shift", "Shift", "ShiftLeft", 16, 8}};

constexpr unsigned kShift = 8;
constexpr int kF1 = 112;
constexpr int kFunctionKeys = 12;

const Modifier* modifierOf(std::string_view lower) {
  for (const auto& modifier : kModifiers) {
    if (modifier.written == lower) return &modifier;
  }
  return nullptr;
}

// One character as a keyboard types it.
Key characterKey(std::string_view character, unsigned modifiers) {
  Key key{std::string(character), {}, 0, {}, modifiers};
  const bool commands = (modifiers & ~kShift) != 0;
  if (character.size() == 1) {
    const auto byte = static_cast<unsigned char>(character.front());
    if (std::isalpha(byte) != 0) {
      const auto upper = static_cast<char>(std::toupper(byte));
      key.code = std::string("Key") + upper;
      key.virtualCode = upper;
      if ((modifiers & kShift) != 0) key.name = std::string(1, upper);
    } else if (std::isdigit(byte) != 0) {
      key.code = std::string("Digit") + static_cast<char>(byte);
      key.virtualCode = byte;
    }
  }
  if (!commands) key.text = key.name;
  return key;
}

}  // namespace

std::optional<Key> keyOf(std::string_view written) {
  unsigned modifiers = 0;
  for (;;) {
    // "Control++" is Control and the plus.
    const auto plus = written.find('+', 1);
    if (plus == std::string_view::npos || plus + 1 == written.size()) break;
    const auto* modifier = modifierOf(mortise::asciiLowerCase(written.substr(0, plus)));
    if (modifier == nullptr) return std::nullopt;
    modifiers |= modifier->bit;
    written.remove_prefix(plus + 1);
  }
  if (written.empty()) return std::nullopt;
  if (mortise::firstCodePoint(written).size == written.size()) return characterKey(written, modifiers);
  const auto lower = mortise::asciiLowerCase(written);
  if (const auto* modifier = modifierOf(lower))
    return Key{
        std::string(modifier->name), std::string(modifier->code), modifier->virtualCode, {}, modifiers | modifier->bit};
  for (const auto& named : kNamed) {
    if (named.written != lower) continue;
    return Key{std::string(named.name), std::string(named.code), named.virtualCode,
               (modifiers & ~kShift) != 0 && named.text != "\r" ? "" : std::string(named.text), modifiers};
  }
  if (lower.front() == 'f') {
    for (int number = 1; number <= kFunctionKeys; ++number) {
      const auto name = "F" + std::to_string(number);
      if (mortise::asciiLowerCase(name) == lower) return Key{name, name, kF1 + number - 1, {}, modifiers};
    }
  }
  return std::nullopt;
}

}  // namespace agent::browser
