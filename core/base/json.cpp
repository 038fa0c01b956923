#include "core/base/json.hpp"

#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "core/base/text.hpp"

namespace mortise::json {
namespace {

constexpr unsigned kFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseFullPrecisionFlag;
constexpr int kMaxDepth = 64;

// Forwards events while the nesting stays within the limit.
template <typename Target>
class DepthGuard {
 public:
  explicit DepthGuard(Target& target) : target_(target) {}
  bool tooDeep() const { return tooDeep_; }
  bool loneSurrogate() const { return loneSurrogate_; }

  bool Null() { return target_.Null(); }
  bool Bool(bool value) { return target_.Bool(value); }
  bool Int(int value) { return target_.Int(value); }
  bool Uint(unsigned value) { return target_.Uint(value); }
  bool Int64(std::int64_t value) { return target_.Int64(value); }
  bool Uint64(std::uint64_t value) { return target_.Uint64(value); }
  bool Double(double value) { return target_.Double(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool copy) { return target_.RawNumber(text, size, copy); }
  bool String(const char* text, rapidjson::SizeType size, bool copy) {
    return whole(text, size) && target_.String(text, size, copy);
  }
  bool StartObject() { return enter() && target_.StartObject(); }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) {
    return whole(text, size) && target_.Key(text, size, copy);
  }
  bool EndObject(rapidjson::SizeType count) {
    --depth_;
    return target_.EndObject(count);
  }
  bool StartArray() { return enter() && target_.StartArray(); }
  bool EndArray(rapidjson::SizeType count) {
    --depth_;
    return target_.EndArray(count);
  }

 private:
  bool enter() {
    tooDeep_ = ++depth_ > kMaxDepth;
    return !tooDeep_;
  }
  // RapidJSON's reader checks raw bytes, but turns a lone "\\udc00" into the three bytes of a surrogate.
  bool whole(const char* text, rapidjson::SizeType size) {
    const char* const end = text + size;
    const char* at = text;
    while ((at = static_cast<const char*>(std::memchr(at, 0xed, static_cast<std::size_t>(end - at)))) != nullptr) {
      if (++at == end) break;
      if (static_cast<unsigned char>(*at) > 0x9f) {
        loneSurrogate_ = true;
        return false;
      }
    }
    return true;
  }

  Target& target_;
  int depth_ = 0;
  bool tooDeep_ = false;
  bool loneSurrogate_ = false;
};

// Stops at the first repeated key. Runs only to find the position of the error.
struct RepeatFinder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, RepeatFinder> {
  std::vector<std::set<std::string, std::less<>>> open;
  std::string repeated;

  bool StartObject() {
    open.emplace_back();
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    open.pop_back();
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (open.back().emplace(text, size).second) return true;
    repeated.assign(text, size);
    return false;
  }
};

struct Named {
  std::string_view name;
  std::size_t index;
};

// Members are compared by address below, because under C++20 clang finds RapidJSON's iterator comparison ambiguous.
bool hasRepeats(const Value& object, std::vector<Named>& names) {
  const std::size_t count = object.MemberCount();
  const auto begin = object.MemberBegin();
  if (count <= 12) {
    for (std::size_t i = 1; i < count; ++i) {
      const std::string_view name = view((begin + static_cast<std::ptrdiff_t>(i))->name);
      for (std::size_t j = 0; j < i; ++j) {
        if (view((begin + static_cast<std::ptrdiff_t>(j))->name) == name) return true;
      }
    }
    return false;
  }
  names.clear();  // sorted, not hashed: keys come from clients
  for (std::size_t i = 0; i < count; ++i) names.push_back({view((begin + static_cast<std::ptrdiff_t>(i))->name), i});
  std::sort(names.begin(), names.end(), [](const Named& a, const Named& b) { return a.name < b.name; });
  return std::adjacent_find(names.begin(), names.end(),
                            [](const Named& a, const Named& b) { return a.name == b.name; }) != names.end();
}

// Each name keeps its first position and its last value.
void keepLast(Value& object, std::vector<Named>& names) {
  names.clear();
  const auto begin = object.MemberBegin();
  const std::size_t count = object.MemberCount();
  for (std::size_t i = 0; i < count; ++i) names.push_back({view((begin + static_cast<std::ptrdiff_t>(i))->name), i});
  std::sort(names.begin(), names.end(),
            [](const Named& a, const Named& b) { return a.name != b.name ? a.name < b.name : a.index < b.index; });
  std::vector<bool> dropped(count, false);
  for (std::size_t i = 0; i < count;) {
    std::size_t last = i;
    while (last + 1 < count && names[last + 1].name == names[i].name) dropped[names[++last].index] = true;
    if (last != i) {
      (begin + static_cast<std::ptrdiff_t>(names[i].index))
          ->value.Swap((begin + static_cast<std::ptrdiff_t>(names[last].index))->value);
    }
    i = last + 1;
  }
  std::size_t remaining = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (dropped[i]) continue;
    if (remaining != i) {
      auto to = begin + static_cast<std::ptrdiff_t>(remaining);
      auto from = begin + static_cast<std::ptrdiff_t>(i);
      to->name.Swap(from->name);
      to->value.Swap(from->value);
    }
    ++remaining;
  }
  object.EraseMember(object.MemberBegin() + static_cast<std::ptrdiff_t>(remaining), object.MemberEnd());
}

// Returns false at the first repeated name when repeats are to be refused. Recursion is bounded by the depth limit.
bool settleRepeats(Value& value, Repeated repeated, std::vector<Named>& names) {
  if (value.IsArray()) {
    for (auto& element : value.GetArray()) {
      if (!settleRepeats(element, repeated, names)) return false;
    }
    return true;
  }
  if (!value.IsObject()) return true;
  if (hasRepeats(value, names)) {
    if (repeated == Repeated::refuse) return false;
    keepLast(value, names);
  }
  for (auto at = value.MemberBegin(); at.operator->() != value.MemberEnd().operator->(); ++at) {
    if (!settleRepeats(at->value, repeated, names)) return false;
  }
  return true;
}

std::string reasonFor(rapidjson::ParseErrorCode code) {
  std::string reason = text::lower(rapidjson::GetParseError_En(code));
  while (!reason.empty() && reason.back() == '.') reason.pop_back();
  return reason;
}

void findRepeat(std::string_view text, ParseError& error) {
  rapidjson::MemoryStream memory(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
  rapidjson::Reader reader;
  RepeatFinder finder;
  reader.Parse<kFlags>(stream, finder);
  error.offset = reader.GetErrorOffset();
  error.reason = "repeated key " + json::quoted(finder.repeated);
}

}  // namespace

bool parse(std::string_view text, Document& into, ParseError& error, Repeated repeated) {
  rapidjson::MemoryStream memory(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
  rapidjson::Reader reader;
  bool tooDeep = false;
  bool loneSurrogate = false;
  const auto produce = [&](Document& target) {
    DepthGuard<Document> guard(target);
    reader.Parse<kFlags>(stream, guard);
    tooDeep = guard.tooDeep();
    loneSurrogate = guard.loneSurrogate();
    return !reader.HasParseError();
  };
  into.SetNull();
  into.Populate(produce);
  if (reader.HasParseError()) {
    error.offset = std::min(reader.GetErrorOffset(), text.size());
    error.reason = tooDeep         ? "nested deeper than " + std::to_string(kMaxDepth)
                   : loneSurrogate ? "lone surrogate in a string"
                                   : reasonFor(reader.GetParseErrorCode());
    into.SetNull();
    return false;
  }
  if (stream.Tell() < text.size()) {  // the reader takes a NUL byte for the end of the text
    error.offset = stream.Tell();
    error.reason = "nul byte after the document";
    into.SetNull();
    return false;
  }
  std::vector<Named> names;
  if (!settleRepeats(into, repeated, names)) {
    findRepeat(text, error);
    into.SetNull();
    return false;
  }
  return true;
}

std::string toText(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void appendQuoted(std::string& out, std::string_view text) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += static_cast<char>(c);
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      default:
        out += "u00";
        out += kHexDigits[c >> 4];
        out += kHexDigits[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  appendQuoted(out, text);
  return out;
}

const Value* member(const Value& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  for (auto at = object.MemberBegin(); at.operator->() != object.MemberEnd().operator->(); ++at) {
    if (view(at->name) == name) return &at->value;
  }
  return nullptr;
}

std::string_view textMember(const Value& object, std::string_view name, std::string_view fallback) {
  const Value* value = member(object, name);
  return value && value->IsString() ? view(*value) : fallback;
}

}  // namespace mortise::json
