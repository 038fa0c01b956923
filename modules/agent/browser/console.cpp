#include "browser/console.hpp"

#include <mortise/characters.hpp>

#include <algorithm>
#include <utility>

#include "json_text.hpp"

namespace agent::browser {
namespace {

using mortise::models::listMember;
using mortise::models::objectMember;
using mortise::models::toText;
using rapidjson::Value;

// {a: 1, b: "x"} or [1, 2].
std::string previewText(const Value& preview) {
  const bool isList = textMember(preview, "subtype") == "array";
  std::string out;
  if (const auto* properties = listMember(preview, "properties")) {
    for (const auto& property : properties->GetArray()) {
      if (!out.empty()) out += ", ";
      if (!isList) out += textMember(property, "name") + ": ";
      const auto value = textMember(property, "value");
      out += textMember(property, "type") == "string" ? "\"" + value + "\"" : value;
    }
  }
  if (boolMember(preview, "overflow")) out += ", …";
  return isList ? "[" + out + "]" : "{" + out + "}";
}

}  // namespace

std::string valueText(const Value& remote) {
  const auto type = textMember(remote, "type");
  if (type == "undefined") return "undefined";
  const auto* value = memberOf(remote, "value");
  if (value != nullptr && value->IsString()) return {value->GetString(), value->GetStringLength()};
  const auto* preview = objectMember(remote, "preview");
  const auto subtype = textMember(remote, "subtype");
  if (preview != nullptr && (subtype.empty() || subtype == "array")) return previewText(*preview);
  const auto description = textMember(remote, "description");
  if (!description.empty()) return description;
  const auto unserializable = textMember(remote, "unserializableValue");
  if (!unserializable.empty()) return unserializable;
  return value != nullptr ? toText(*value) : type;
}

std::string exceptionText(const Value& details) {
  const auto* exception = objectMember(details, "exception");
  auto text = exception != nullptr ? valueText(*exception) : std::string();
  if (text.empty()) text = textMember(details, "text");
  const auto url = textMember(details, "url");
  if (!url.empty() && text.find(url) == std::string::npos)
    text += " (" + url + ":" + std::to_string(integerMember(details, "lineNumber") + 1) + ")";
  return text;
}

void Console::addCall(const Value& params) {
  const auto type = textMember(params, "type");
  if (type == "clear") return clear();
  std::string line = type == "log" ? "" : "[" + (type == "warning" ? "warn" : type) + "] ";
  if (const auto* values = listMember(params, "args")) {
    bool first = true;
    for (const auto& value : values->GetArray()) {
      if (!std::exchange(first, false)) line += ' ';
      line += valueText(value);
      if (line.size() > kMaxCharacters * 4) break;
    }
  }
  add(std::move(line));
}

void Console::addException(const Value& params) {
  if (const auto* details = objectMember(params, "exceptionDetails")) add("[error] " + exceptionText(*details));
}

void Console::addEntry(const Value& params) {
  const auto* entry = objectMember(params, "entry");
  if (entry == nullptr) return;
  const auto url = textMember(*entry, "url");
  add("[" + textMember(*entry, "level") + "] " + textMember(*entry, "text") + (url.empty() ? "" : " (" + url + ")"));
}

void Console::add(std::string line) {
  ++added_;
  line = cleanText(line);
  if (mortise::characterCount(line) > kMaxCharacters) line = mortise::firstCharacters(line, kMaxCharacters) + "…";
  lines_.push_back(std::move(line));
  if (lines_.size() > kMaxLines) lines_.pop_front();
}

std::vector<std::string> Console::newest(std::size_t most) const {
  const auto count = std::min(most, lines_.size());
  return {lines_.end() - static_cast<std::ptrdiff_t>(count), lines_.end()};
}

}  // namespace agent::browser
