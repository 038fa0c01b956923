// Any text as a SKILL.md: what is read must be one JSON object within the limits, what is refused a Problem 422.
#include <rapidjson/document.h>
#include <mortise/problem.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "reading/front_matter.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

int levels(const rapidjson::Value& value) {
  int below = 0;
  if (value.IsArray()) {
    for (const auto& item : value.GetArray()) below = std::max(below, levels(item));
    return below + 1;
  }
  if (!value.IsObject()) return 0;
  for (auto item = value.MemberBegin(); item != value.MemberEnd(); ++item) {
    below = std::max(below, levels(item->value));
    for (auto other = value.MemberBegin(); other != item; ++other) must(other->name != item->name);
  }
  return below + 1;
}

void check(std::string_view text) {
  try {
    const auto read = skills::readFrontMatter(text);
    must(text.ends_with(read.body));
    if (!read.json) return must(read.body == text && !read.fault);
    if (read.fault) must(read.fault->place.line > 0 && read.fault->place.column > 0 && !read.fault->rule.empty());
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
    rapidjson::Document document;
    must(!document.Parse<kFlags>(read.json->data(), read.json->size()).HasParseError() && document.IsObject());
    must(levels(document) <= 12);
  } catch (const mortise::Problem& refused) {
    must(refused.status() == 422);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(text);
  check("---\n" + text + "\n---\nbody\n");  // most inputs find no fences of their own
  return 0;
}
