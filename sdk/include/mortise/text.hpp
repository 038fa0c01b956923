// Text that the kernel hands out: a view that also becomes a std::string where one is wanted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mortise/abi/base.h"

// Sources of SDK 1.0 may rely on what its headers included. Where module.yaml or find_package(MortiseSDK) says 1.0, these
// headers still do (json.hpp, request.hpp).
#if MORTISE_MODULE_MINOR < 1 && !defined(MORTISE_INCLUDES_OF_1_0)
#define MORTISE_INCLUDES_OF_1_0
#endif

namespace mortise::inline sdk1 {

// UTF-8 bytes with another owner, usually the call (see where you got it). Copy it into a std::string to keep it:
//   std::string email = request.body()["email"].text();
class Text : public std::string_view {
 public:
  constexpr Text() noexcept : std::string_view("") {}
  constexpr Text(std::string_view text) noexcept : std::string_view(text) {}  // NOLINT: meant to convert
  constexpr Text(mortise_str text) noexcept                                   // NOLINT: meant to convert
      : std::string_view(text.data == nullptr ? "" : text.data, text.data == nullptr ? 0 : text.size) {}
  constexpr Text(const char* text) noexcept : std::string_view(text) {}  // NOLINT: meant to convert
  Text(const std::string& text) noexcept : std::string_view(text) {}     // NOLINT: meant to convert

  operator std::string() const { return std::string(data(), size()); }  // NOLINT: meant to convert
  std::string string() const { return std::string(data(), size()); }
};

// An empty text as no text: null in a contract, NULL in a table.
inline std::optional<std::string> orNull(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

namespace detail {

inline mortise_str str(std::string_view text) noexcept { return mortise_str{text.data(), text.size()}; }
inline std::string copied(mortise_str text) { return Text(text).string(); }

}  // namespace detail
}  // namespace mortise::inline sdk1
