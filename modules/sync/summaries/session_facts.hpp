// What the messages of a session tell by themselves, without a model.
#pragma once

#include <mortise/time.hpp>

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace session_sharing {

struct SessionFacts {
  std::int64_t durationMinutes = 0;
  std::int64_t toolCallCount = 0;
  std::vector<std::string> filesModified;
  std::vector<std::string> filesRead;
  std::int64_t commandsExecuted = 0;
  std::int64_t testsRun = 0;
  std::int64_t testsPassed = 0;
  std::int64_t testsFailed = 0;
  std::vector<std::string> packagesInstalled;
  std::vector<std::string> errorsEncountered;
  std::vector<std::string> personasActive;
};

// Collects them from message to message. A call of a tool is a block tool_use with its tool_result, named by
// tool_use_id or id, and counts once, however often either stands there; a message of role tool may be the result
// itself. Memory: 16 bytes for each call, and lists of bounded length. One thread at a time.
class FactCollector {
 public:
  // The next message, a JSON object of messages.jsonl.
  void add(const rapidjson::Value& message);
  // A persona that the manifest names.
  void addPersona(std::string_view name);

  // How many messages there were.
  std::int64_t messages() const { return messages_; }
  SessionFacts facts() const;

 private:
  struct Unique {
    std::vector<std::string> list;
    std::unordered_set<std::string> known;
    void add(std::string_view text);
  };

  // What was seen of a call, by the hash of its id.
  struct Call {
    bool hasUse = false;
    bool isShell = false;
    bool hasResult = false;
  };
  // Counts a call that was not known. Null for one without an id: there is nothing to know it by.
  Call* callOf(std::string_view id);

  void addUse(const rapidjson::Value& block);
  void addResult(std::string_view id, const std::string& output);
  void addTimestamp(std::string_view text);
  void readTests(std::string_view output);
  void readErrors(std::string_view output);
  void readPackages(std::string_view command, std::string_view installer);

  std::int64_t messages_ = 0;
  std::int64_t calls_ = 0;
  std::int64_t commands_ = 0;
  std::int64_t passed_ = 0;
  std::int64_t failed_ = 0;
  Unique modified_;
  Unique read_;
  std::set<std::string> packages_;
  std::set<std::string> errors_;
  std::set<std::string> personas_;
  std::unordered_map<std::size_t, Call> known_;
  std::int64_t timestamps_ = 0;
  mortise::Time oldest_;
  mortise::Time newest_;
};

}  // namespace session_sharing
