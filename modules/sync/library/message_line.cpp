#include "library/message_line.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstddef>
#include <cstdint>

namespace session_sharing {
namespace {

constexpr unsigned kFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
constexpr std::size_t kMaxDepth = 500;

// Hears the members of the outer object that decide; of repeated ones the last counts.
class Shape {
 public:
  bool isObject() const { return isObject_; }
  bool isSideChain() const { return isSideChain_; }
  bool isEmpty() const { return isEmpty_; }
  bool isTool() const { return isTool_; }

  bool Null() { return scalar(true, false); }
  bool Bool(bool value) { return scalar(!value, value); }
  bool Int(int) { return false; }  // numbers come as texts
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view number(text, size);
    return scalar(number.substr(0, number.find_first_of("eE")).find_first_of("123456789") == std::string_view::npos,
                  false);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ == 1 && member_ == Member::role) isTool_ = std::string_view(text, size) == "tool";
    return scalar(size == 0, false, member_ == Member::role);
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ != 1) return true;
    const std::string_view name(text, size);
    member_ = name == "content"        ? Member::content
              : name == "role"         ? Member::role
              : name == "is_sidechain" ? Member::sideChain
                                       : Member::other;
    return true;
  }
  bool StartObject() {
    if (depth_ == 0) isObject_ = true;
    return enter();
  }
  bool EndObject(rapidjson::SizeType members) { return leave(members); }
  bool StartArray() { return depth_ > 0 && enter(); }
  bool EndArray(rapidjson::SizeType elements) { return leave(elements); }

 private:
  enum class Member { other, content, role, sideChain };

  bool scalar(bool isEmpty, bool isTrue, bool keepsRole = false) {
    if (depth_ == 0) return false;
    if (depth_ > 1) return true;
    if (member_ == Member::content) isEmpty_ = isEmpty;
    if (member_ == Member::sideChain) isSideChain_ = isTrue;
    if (member_ == Member::role && !keepsRole) isTool_ = false;
    return true;
  }
  bool enter() {
    if (depth_ == 1) {
      if (member_ == Member::sideChain) isSideChain_ = false;
      if (member_ == Member::role) isTool_ = false;
    }
    return ++depth_ <= kMaxDepth;
  }
  bool leave(rapidjson::SizeType count) {
    --depth_;
    if (depth_ == 1 && member_ == Member::content) isEmpty_ = count == 0;
    return true;
  }

  Member member_ = Member::other;
  std::size_t depth_ = 0;
  bool isObject_ = false;
  bool isSideChain_ = false;
  bool isEmpty_ = true;
  bool isTool_ = false;
};

}  // namespace

MessageLine messageLineOf(std::string_view line) {
  // The parser takes a NUL for the end.
  if (line.empty() || line.find('\0') != std::string_view::npos) return MessageLine::none;
  rapidjson::MemoryStream stream(line.data(), line.size());
  Shape shape;
  rapidjson::Reader reader;
  if (reader.Parse<kFlags>(stream, shape).IsError() || !shape.isObject()) return MessageLine::none;
  return shape.isSideChain() || (shape.isEmpty() && !shape.isTool()) ? MessageLine::hidden : MessageLine::shown;
}

}  // namespace session_sharing
