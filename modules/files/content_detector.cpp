#include "content_detector.hpp"

#include <magic.h>

#include <algorithm>
#include <stdexcept>

#include "content_type.hpp"

namespace files {
namespace {

constexpr const char* kUnknown = "application/octet-stream";
constexpr std::size_t kExpressionsLookAt = 8192;  // libmagic's default
// Of a content that begins with little but white space: looking for a line costs a fifth of a second there, and every
// other caller waits for its turn.
constexpr std::size_t kExpressionsLookAtBlank = 1024;

bool isMostlyBlank(std::string_view start) {
  start = start.substr(0, kExpressionsLookAt);
  const auto blank =
      std::count_if(start.begin(), start.end(), [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
  return static_cast<std::size_t>(blank) > start.size() / 4 * 3;
}

}  // namespace

void ContentDetector::Close::operator()(magic_set* cookie) const noexcept { magic_close(cookie); }

ContentDetector::ContentDetector() : cookie_(magic_open(MAGIC_MIME | MAGIC_NO_CHECK_COMPRESS)) {
  if (!cookie_) throw std::runtime_error("libmagic can't be opened");
  if (magic_load(cookie_.get(), nullptr) != 0) {
    const char* reason = magic_error(cookie_.get());
    throw std::runtime_error(std::string("libmagic has no database of types: ") + (reason == nullptr ? "" : reason));
  }
}

std::string ContentDetector::detect(std::string_view start) const {
  if (start.empty()) return kUnknown;
  const std::lock_guard lock(mutex_);
  const std::size_t most = isMostlyBlank(start) ? kExpressionsLookAtBlank : kExpressionsLookAt;
  magic_setparam(cookie_.get(), MAGIC_PARAM_REGEX_MAX, &most);
  const char* detected = magic_buffer(cookie_.get(), start.data(), start.size());
  if (detected == nullptr || !isContentType(detected)) return kUnknown;
  std::string type(detected);
  if (!type.starts_with("text/")) type.resize(std::min(type.find(';'), type.size()));  // only there it says something
  return type;
}

}  // namespace files
