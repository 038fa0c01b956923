// E-mail addresses in the one form that is stored and compared. Plain C++; IDN by libidn2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auth {

class EmailAddress {
 public:
  // Trims (mortise::withoutSpaceAround), lower-cases and checks: at most 254 bytes, a local part of 1-64 atom characters
  // and single inner dots, at least two LDH labels of at most 63 bytes; a U-label becomes its A-label
  // ("bücher.example" -> "xn--bcher-kva.example"). nullopt when a rule is broken.
  static std::optional<EmailAddress> parse(std::string_view text);

  const std::string& text() const { return text_; }
  std::string_view localPart() const { return std::string_view(text_).substr(0, text_.find('@')); }

 private:
  explicit EmailAddress(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace auth
