// What the functions of the test kit's table have in common.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/testing/abi.h"

namespace mortise::testing {

inline mortise_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string copied(mortise_str text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

inline std::vector<std::string> copied(const mortise_str* texts, std::size_t count) {
  std::vector<std::string> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.push_back(copied(texts[i]));
  return out;
}

// Runs the body of one function; the sentence of what it throws goes to `say`.
template <class Work>
mortise_testing_outcome guarded(mortise_testing_say say, void* context, Work&& work) noexcept {
  try {
    work();
    return MORTISE_TESTING_OK;
  } catch (const std::invalid_argument& error) {
    say(context, str(error.what()));
    return MORTISE_TESTING_ARGUMENT;
  } catch (const std::exception& error) {
    say(context, str(error.what()));
  } catch (...) {
    say(context, str("failed with what is no std::exception"));
  }
  return MORTISE_TESTING_FAILED;
}

}  // namespace mortise::testing
