#include "file_name.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace files {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxExtension = 17;
constexpr const char* kNameless = "upload.bin";

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // bytes; 0: what stands here is no UTF-8
};

// Overlong forms, surrogates and what is above U+10FFFF are no UTF-8 (RFC 3629).
Character characterAt(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
  std::uint32_t code = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[size] || code > 0x10FFFF || surrogate) return {};
  return {code, size};
}

// Marks that change the order of what is shown after them: "exe.gpj" would read "jpg.exe".
bool isDirectional(std::uint32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool isControl(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

bool isExtensionCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+';
}

// The start of `text` that has at most `size` bytes and ends between two characters.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80) --size;
  return text.substr(0, size);
}

void dropTrailingSpaces(std::string& text) { text.erase(text.find_last_not_of(' ') + 1); }

}  // namespace

std::string extensionOf(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  const auto extension = name.substr(dot);
  const bool plain = extension.size() >= 2 && extension.size() <= kMaxExtension &&
                     std::all_of(extension.begin() + 1, extension.end(), isExtensionCharacter);
  return plain ? std::string(extension) : std::string();
}

std::string safeName(std::string_view sent) {
  if (const auto slash = sent.find_last_of("/\\"); slash != std::string_view::npos) sent = sent.substr(slash + 1);
  std::string name;
  name.reserve(sent.size());
  while (!sent.empty()) {
    const auto character = characterAt(sent);
    const auto size = std::max<std::size_t>(1, character.size);
    const bool fit = character.size > 0 && !isControl(character.code) && !isDirectional(character.code);
    name += fit ? sent.substr(0, size) : std::string_view("_");
    sent.remove_prefix(size);
  }
  name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
  dropTrailingSpaces(name);
  if (name.empty() || name == "." || name == "..") return kNameless;
  if (name.size() <= kMaxName) return name;
  const auto extension = extensionOf(name);
  const auto stem = std::string_view(name).substr(0, name.size() - extension.size());
  auto shortened = std::string(cut(stem, kMaxName - extension.size())) + extension;
  dropTrailingSpaces(shortened);
  return shortened;
}

}  // namespace files
