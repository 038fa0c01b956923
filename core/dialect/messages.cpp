#include "core/dialect/messages.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace mortise::dialect {

extern const std::string_view kEnglish;
extern const std::string_view kChinese;

namespace {

constexpr std::string_view kKernel = "kernel";
constexpr std::string_view kEnglishTag = "en";

std::string filled(std::string_view text, const Params& params) {
  std::string out;
  out.reserve(text.size() + 32);
  while (true) {
    const auto open = text.find('{');
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return out.append(text);
    const auto name = text.substr(open + 1, close - open - 1);
    out.append(text.substr(0, open));
    bool known = false;
    for (const auto& [key, value] : params) {
      if (key != name) continue;
      out.append(value);
      known = true;
      break;
    }
    if (!known) out.append(text.substr(open, close - open + 1));
    text.remove_prefix(close + 1);
  }
}

// "zh" for "zh-CN".
std::string_view primary(std::string_view tag) { return tag.substr(0, tag.find('-')); }

bool startsWithTag(std::string_view tag, std::string_view range) {
  if (range.size() > tag.size() || !text::equalsIgnoreCase(tag.substr(0, range.size()), range)) return false;
  return tag.size() == range.size() || tag[range.size()] == '-';
}

// Quality as 0..1000; an unreadable weight counts as 0.
int weight(std::string_view parameters) {
  for (const auto part : text::split(parameters, ';')) {
    const auto one = text::trim(part);
    if (one.size() < 2 || (one[0] != 'q' && one[0] != 'Q') || one[1] != '=') continue;
    double value = 0;
    const auto digits = text::trim(one.substr(2));
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
    if (failure != std::errc() || end != digits.data() + digits.size() || !(value >= 0 && value <= 1)) return 0;
    return static_cast<int>(std::lround(value * 1000));
  }
  return 1000;
}

void addAll(Messages& messages, std::string_view language, std::string_view text) {
  json::Document document;
  json::ParseError error;
  if (!json::parse(text, document, error) || !document.IsObject())
    throw std::logic_error("the embedded messages can't be read: " + error.reason);
  for (const auto& entry : document.GetObject())
    messages.add(kKernel, language, std::string(json::view(entry.name)), std::string(json::view(entry.value)));
}

}  // namespace

bool Messages::add(std::string_view owner, std::string_view language, std::string code, std::string text) {
  const auto known = owners_.find(code);
  if (known != owners_.end() && known->second != owner) return false;
  if (known == owners_.end()) owners_.emplace(code, owner);
  auto at = languages_.find(language);
  if (at == languages_.end())
    at = languages_.emplace(std::string(language), std::map<std::string, std::string, std::less<>>()).first;
  at->second[std::move(code)] = std::move(text);
  return true;
}

bool Messages::has(std::string_view code) const { return owners_.find(code) != owners_.end(); }

std::string Messages::text(std::string_view dialect, std::string_view code, std::string_view language,
                           const Params& params) const {
  const std::string own = std::string(dialect).append(":").append(code);
  const auto inLanguage = [&](std::string_view tag) -> const std::string* {
    const auto texts = languages_.find(tag);
    if (texts == languages_.end()) return nullptr;
    if (const auto at = texts->second.find(own); at != texts->second.end()) return &at->second;
    const auto at = texts->second.find(code);
    return at == texts->second.end() ? nullptr : &at->second;
  };
  const std::string* entry = inLanguage(language);
  if (entry == nullptr) {  // zh and zh-TW get zh-CN rather than English
    for (const auto& [tag, texts] : languages_) {
      if (entry == nullptr && tag != language && text::equalsIgnoreCase(primary(tag), primary(language)))
        entry = inLanguage(tag);
    }
  }
  if (entry == nullptr) entry = inLanguage(kEnglishTag);
  return entry == nullptr ? std::string(code) : filled(*entry, params);
}

std::string_view Messages::choose(std::string_view acceptLanguage, std::string_view fallback) const {
  std::string_view best = fallback;
  int bestWeight = 0;
  int ranges = 0;
  for (const auto part : text::split(acceptLanguage, ',')) {
    if (++ranges > 32) break;  // ignore the rest of a longer list: no person chose it
    const auto semicolon = part.find(';');
    const auto range = text::trim(part.substr(0, semicolon));
    const int value = semicolon == std::string_view::npos ? 1000 : weight(part.substr(semicolon + 1));
    if (range.empty() || value <= bestWeight) continue;
    if (range == "*") {
      best = fallback;
      bestWeight = value;
      continue;
    }
    std::string_view match;
    for (const auto& [tag, texts] : languages_) {
      if (startsWithTag(tag, range)) {
        match = tag;
        break;
      }
      if (startsWithTag(range, tag)) match = tag;  // en-GB is served by en
    }
    if (match.empty()) continue;
    best = match;
    bestWeight = value;
  }
  return best;
}

void addKernelMessages(Messages& messages) {
  addAll(messages, "en", kEnglish);
  addAll(messages, "zh-CN", kChinese);
}

}  // namespace mortise::dialect
