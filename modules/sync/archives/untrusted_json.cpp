#include "archives/untrusted_json.hpp"

#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>

namespace session_sharing {
namespace {

constexpr std::size_t kMaxDepth = 100;
constexpr std::size_t kMaxValues = 100000;
constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag;

// Passes the parser's events on to a document, as long as there are few enough.
class Counting {
 public:
  using Size = rapidjson::SizeType;
  using Ch = char;
  explicit Counting(rapidjson::Document& document) : document_(document) {}

  bool Null() { return another() && document_.Null(); }
  bool Bool(bool value) { return another() && document_.Bool(value); }
  bool Int(int value) { return another() && document_.Int(value); }
  bool Uint(unsigned value) { return another() && document_.Uint(value); }
  bool Int64(std::int64_t value) { return another() && document_.Int64(value); }
  bool Uint64(std::uint64_t value) { return another() && document_.Uint64(value); }
  bool Double(double value) { return another() && document_.Double(value); }
  bool RawNumber(const Ch* text, Size size, bool copy) { return another() && document_.RawNumber(text, size, copy); }
  bool String(const Ch* text, Size size, bool copy) { return another() && document_.String(text, size, copy); }
  bool Key(const Ch* text, Size size, bool copy) { return another() && document_.Key(text, size, copy); }
  bool StartObject() { return deeper() && document_.StartObject(); }
  bool StartArray() { return deeper() && document_.StartArray(); }
  bool EndObject(Size count) {
    --depth_;
    return document_.EndObject(count);
  }
  bool EndArray(Size count) {
    --depth_;
    return document_.EndArray(count);
  }

 private:
  bool another() { return ++values_ <= kMaxValues; }
  bool deeper() { return ++depth_ <= kMaxDepth && another(); }

  rapidjson::Document& document_;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

bool parseInPlace(std::string& text, rapidjson::Document& into) {
  bool isJson = false;
  into.SetNull();
  into.GetAllocator().Clear();  // else it grows from line to line
  const auto generate = [&](rapidjson::Document& document) {
    rapidjson::InsituStringStream stream(text.data());
    Counting counting(document);
    rapidjson::Reader reader;
    const auto result = reader.Parse<kFlags>(stream, counting);
    // A NUL ends the parser's text, not ours.
    isJson = !result.IsError() && stream.Tell() == text.size();
    return !result.IsError();
  };
  into.Populate(generate);
  return isJson;
}

const rapidjson::Value* memberOf(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

std::string_view textOf(const rapidjson::Value& value) {
  if (!value.IsString()) return {};
  return {value.GetString(), value.GetStringLength()};
}

std::string_view textMember(const rapidjson::Value& object, const char* name) {
  const auto* member = memberOf(object, name);
  return member == nullptr ? std::string_view() : textOf(*member);
}

bool isTrueMember(const rapidjson::Value& object, const char* name) {
  const auto* member = memberOf(object, name);
  return member != nullptr && member->IsTrue();
}

std::optional<std::int64_t> numberMember(const rapidjson::Value& object, const char* name) {
  const auto* member = memberOf(object, name);
  if (member == nullptr) return std::nullopt;
  if (member->IsInt64()) return member->GetInt64();
  constexpr double kBeyond = 9.2e18;
  if (!member->IsDouble() || std::fabs(member->GetDouble()) > kBeyond) return std::nullopt;
  return static_cast<std::int64_t>(member->GetDouble());
}

std::string jsonTextOf(const rapidjson::Value& value) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  value.Accept(writer);
  return {out.GetString(), out.GetSize()};
}

}  // namespace session_sharing
