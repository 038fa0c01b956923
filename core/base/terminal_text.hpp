// Text of others on its way to a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise {

// Characters beyond ASCII's control characters that a terminal obeys instead of showing them, or that change the order of
// what is shown: DEL, C1 controls, marks of writing direction, line separators, the byte order mark.
bool isHidden(std::uint32_t character);

// Without what steers a terminal: hidden and control characters but line feed and tab become ?, and in what is no UTF-8
// every byte beyond ASCII.
std::string terminalText(std::string_view text);
// The same in one line: line feeds and tabs become blanks.
std::string terminalLine(std::string_view text);

}  // namespace mortise
