#include "file_name.hpp"

#include <mortise/characters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace files {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxExtension = 17;
constexpr const char* kNameless = "upload.bin";

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
    const auto character = mortise::firstCodePoint(sent);
    const auto size = std::max<std::size_t>(1, character.size);
    const bool fit = character.size > 0 && !isControl(character.value) && !isDirectional(character.value);
    name += fit ? sent.substr(0, size) : std::string_view("_");
    sent.remove_prefix(size);
  }
  name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
  dropTrailingSpaces(name);
  if (name.empty() || name == "." || name == "..") return kNameless;
  if (name.size() <= kMaxName) return name;
  const auto extension = extensionOf(name);
  const auto stem = std::string_view(name).substr(0, name.size() - extension.size());
  auto shortened = std::string(mortise::firstBytes(stem, kMaxName - extension.size())) + extension;
  dropTrailingSpaces(shortened);
  return shortened;
}

}  // namespace files
