// What a page wrote to its console: the newest lines, bounded.
#pragma once

#include <rapidjson/document.h>

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace agent::browser {

// Not safe from several threads.
class Console {
 public:
  static constexpr std::size_t kMaxLines = 500;
  static constexpr std::size_t kMaxCharacters = 2000;  // of a line
  // Lines since reset() after which the page is writing faster than anybody reads.
  static constexpr std::size_t kFlood = 5000;

  // Parameters of Runtime.consoleAPICalled, Runtime.exceptionThrown and Log.entryAdded.
  void addCall(const rapidjson::Value& params);
  void addException(const rapidjson::Value& params);
  void addEntry(const rapidjson::Value& params);
  void add(std::string line);

  // The newest `most`, in the order in which they came.
  std::vector<std::string> newest(std::size_t most) const;
  // For another page.
  void clear() { lines_.clear(); }
  // Begins to count lines anew.
  void reset() { added_ = 0; }
  bool flooded() const { return added_ > kFlood; }

 private:
  std::deque<std::string> lines_;
  std::size_t added_ = 0;
};

// A value of a page (a RemoteObject of the protocol) as text: texts as they are, objects by their preview.
std::string valueText(const rapidjson::Value& remote);
// The text of exceptionDetails, with its place where it has one.
std::string exceptionText(const rapidjson::Value& details);

}  // namespace agent::browser
