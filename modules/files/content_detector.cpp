#include "content_detector.hpp"

#include <magic.h>

#include <algorithm>
#include <stdexcept>

#include "content_type.hpp"

namespace files {
namespace {

constexpr const char* kUnknown = "application/octet-stream";
// The squares of the lengths of all runs of white space, together, above which a content is looked at less: one run of
// 1 KiB takes some milliseconds.
constexpr std::size_t kMaxBlankCost = std::size_t{1} << 20;
constexpr ContentDetector::Effort kLittle{8192, 1024};

bool isBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

void ContentDetector::Close::operator()(magic_set* cookie) const noexcept { magic_close(cookie); }

ContentDetector::ContentDetector() : cookie_(magic_open(MAGIC_MIME | MAGIC_NO_CHECK_COMPRESS)) {
  if (!cookie_) throw std::runtime_error("libmagic can't be opened");
  if (magic_load(cookie_.get(), nullptr) != 0) {
    const char* reason = magic_error(cookie_.get());
    throw std::runtime_error(std::string("libmagic has no database of types: ") + (reason == nullptr ? "" : reason));
  }
}

ContentDetector::Effort ContentDetector::effortFor(std::string_view start) {
  std::size_t cost = 0;
  std::size_t run = 0;
  for (const char c : start.substr(0, Effort{}.expressions)) {
    run = isBlank(c) ? run + 1 : 0;
    cost += run;  // 1 + 2 + ... + n is half of n squared
    if (cost > kMaxBlankCost / 2) return kLittle;
  }
  return {};
}

std::string ContentDetector::detect(std::string_view start) const {
  if (start.empty()) return kUnknown;
  const std::lock_guard lock(mutex_);
  const auto effort = effortFor(start);
  magic_setparam(cookie_.get(), MAGIC_PARAM_REGEX_MAX, &effort.expressions);
  const char* detected = magic_buffer(cookie_.get(), start.data(), std::min(start.size(), effort.bytes));
  if (detected == nullptr || !isContentType(detected)) return kUnknown;
  std::string type(detected);
  if (!type.starts_with("text/")) type.resize(std::min(type.find(';'), type.size()));  // only there it says something
  return type;
}

}  // namespace files
