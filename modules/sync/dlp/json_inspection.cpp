#include "dlp/json_inspection.hpp"

#include <rapidjson/reader.h>
#include <rapidjson/writer.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace session_sharing {
namespace {

constexpr std::size_t kMaxDepth = 1000;
constexpr std::size_t kMaxKept = 256;    // bytes of a key that says what its value is
constexpr std::size_t kLeastNumber = 6;  // digits; shorter ones tell nothing
constexpr std::size_t kPieceBytes = 64 << 10;

// The output stream of a rapidjson::Writer.
class JsonSink {
 public:
  using Ch = char;
  explicit JsonSink(const ByteSink& write) : write_(write) { buffer_.reserve(kPieceBytes); }
  void Put(char c) {
    buffer_.push_back(c);
    if (buffer_.size() >= kPieceBytes) handOn();
  }
  void Flush() {}
  void handOn() {
    if (!buffer_.empty()) write_(buffer_);
    buffer_.clear();
  }

 private:
  const ByteSink& write_;
  std::string buffer_;
};

using JsonWriter = rapidjson::Writer<JsonSink, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                                     rapidjson::kWriteNanAndInfFlag>;

// What the reader meets, on its way to the writer. False ends the reading.
class Inspector : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Inspector> {
 public:
  Inspector(const JsonSource& source, const SensitiveTextMatcher& matcher, MatchEffort& effort,
            const SensitiveFound& onPlace, JsonWriter* writer)
      : source_(source), matcher_(matcher), effort_(effort), onPlace_(onPlace), writer_(writer) {}

  bool Null() { return writer_ == nullptr || writer_->Null(); }
  bool Bool(bool value) { return writer_ == nullptr || writer_->Bool(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view number(text, size);
    std::vector<SensitivePlace> places;
    if (size >= kLeastNumber) places = matcher_.findValue(key(), number, effort_);
    notify(places);
    if (writer_ == nullptr) return true;
    if (!places.empty()) return put(SensitiveTextMatcher::redacted(number, places));
    return writer_->RawValue(text, size, rapidjson::kNumberType);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view value(text, size);
    const auto places = matcher_.findValue(key(), value, effort_);
    notify(places);
    if (writer_ == nullptr) return true;
    if (!places.empty()) return put(SensitiveTextMatcher::redacted(value, places));
    return writer_->String(text, size);
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view name(text, size);
    levels_.back() = name.size() <= kMaxKept ? std::string(name) : std::string();
    const auto places = matcher_.find(name, effort_);
    notify(places);
    if (writer_ == nullptr) return true;
    if (places.empty()) return writer_->Key(text, size);
    // Two keys of one object may become the same mark.
    const auto marked = SensitiveTextMatcher::redacted(name, places) + "#" + std::to_string(++keys_);
    return writer_->Key(marked.data(), static_cast<rapidjson::SizeType>(marked.size()));
  }
  bool StartObject() { return enter() && (writer_ == nullptr || writer_->StartObject()); }
  bool EndObject(rapidjson::SizeType count) { return leave() && (writer_ == nullptr || writer_->EndObject(count)); }
  bool StartArray() { return enter() && (writer_ == nullptr || writer_->StartArray()); }
  bool EndArray(rapidjson::SizeType count) { return leave() && (writer_ == nullptr || writer_->EndArray(count)); }

 private:
  // The values of a list are those of its key.
  bool enter() {
    if (levels_.size() >= kMaxDepth) return false;
    levels_.push_back(key());
    return true;
  }
  bool leave() {
    levels_.pop_back();
    return true;
  }
  std::string key() const { return levels_.empty() ? std::string() : levels_.back(); }
  void notify(const std::vector<SensitivePlace>& places) const {
    if (!onPlace_) return;
    for (const auto& place : places) onPlace_(*place.kind, source_.line());
  }
  bool put(const std::string& text) {
    return writer_->String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }

  const JsonSource& source_;
  const SensitiveTextMatcher& matcher_;
  MatchEffort& effort_;
  const SensitiveFound& onPlace_;
  JsonWriter* writer_;
  std::vector<std::string> levels_;  // the last key of each
  std::int64_t keys_ = 0;
};

}  // namespace

bool inspectJson(JsonSource& source, const JsonFile& file, const SensitiveTextMatcher& matcher, MatchEffort& effort,
                 const SensitiveFound& onPlace, const ByteSink& write) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag |
                              rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseNanAndInfFlag;
  JsonSink sink(write);
  JsonWriter writer(sink);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator> reader;
  const auto endLines = [&](std::int64_t count) {
    for (; write && count > 0; --count) sink.Put('\n');
  };
  endLines(source.skipBlank());
  for (bool isFirst = true; !source.isAtEnd(); isFirst = false) {
    if (!isFirst && !file.isLines) return false;
    writer.Reset(sink);
    Inspector inspector(source, matcher, effort, onPlace, write ? &writer : nullptr);
    if (!reader.Parse<kFlags>(source, inspector)) return false;
    const auto lines = source.skipBlank();
    // Two values on one line stay two values.
    endLines(lines == 0 && !source.isAtEnd() ? 1 : lines);
  }
  if (write) sink.handOn();
  return true;
}

}  // namespace session_sharing
