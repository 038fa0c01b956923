// Why the server itself refuses a request. Values for Application::onRefused.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace mortise::http {

struct Refusal {
  int status = 0;         // 0 = none
  std::string_view code;  // stable, static text
  std::string detail;

  Refusal() = default;
  Refusal(int s, std::string_view c, std::string d) : status(s), code(c), detail(std::move(d)) {}
  explicit operator bool() const { return status != 0; }
};

}  // namespace mortise::http
