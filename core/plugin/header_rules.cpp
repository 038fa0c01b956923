#include "core/plugin/header_rules.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace mortise::plugin {

bool isSettableFieldName(std::string_view name) {
  static constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  static constexpr std::array<std::string_view, 5> kFraming = {"content-length", "transfer-encoding", "connection",
                                                               "upgrade", "trailer"};
  const bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kSigns.find(c) != std::string_view::npos;
  });
  return token && std::none_of(kFraming.begin(), kFraming.end(),
                               [&](auto taken) { return text::equalsIgnoreCase(name, taken); });
}

bool isFieldValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

}  // namespace mortise::plugin
