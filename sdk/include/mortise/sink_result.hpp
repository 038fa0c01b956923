// What a sink of a host interface received. Nothing here is for module authors.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "mortise/problem.hpp"

namespace mortise::inline sdk1::detail {

// Nothing may be thrown through the boundary, so an exception of the sink waits here until the call is back.
template <class T>
struct SinkResult {
  std::optional<T> value;
  std::exception_ptr thrown;

  template <class Keep>
  void keep(Keep&& take) noexcept {
    try {
      take();
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  // After the function reported success.
  T& finish(const char* interface_name) {
    if (thrown) std::rethrow_exception(thrown);
    if (!value) throw Problem(500, "internal").note(std::string(interface_name) + " reported success without a result");
    return *value;
  }
};

}  // namespace mortise::inline sdk1::detail
