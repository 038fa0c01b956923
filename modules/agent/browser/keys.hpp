// Keys as models name them: Enter, a, Control+Shift+ArrowLeft.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agent::browser {

// What Input.dispatchKeyEvent needs of a key.
struct Key {
  std::string name;        // KeyboardEvent.key
  std::string code{};      // KeyboardEvent.code
  int virtualCode = 0;     // Windows' number, which pages read as keyCode
  std::string text{};      // what it types; empty: nothing
  unsigned modifiers = 0;  // 1 Alt, 2 Control, 4 Meta, 8 Shift
};

// Names are those of KeyboardEvent.key, in any case, and some that people use (Esc, Ctrl, Space). Empty: there is no
// such key.
std::optional<Key> keyOf(std::string_view written);

}  // namespace agent::browser
