// What happens in a run, in the words of AG-UI: from the events of its thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

struct RunEvent {
  std::string type;
  std::string messageId{};
  std::string toolCallId{};
  std::string toolName{};
  std::string delta{};
  std::string result{};
  std::string output{};
  std::string error{};
  std::string code{};
};

// Translates the events of one run, in their order. Text messages may grow (partial); calls and messages never lie in each
// other.
class RunEvents {
 public:
  RunEvents(std::string threadId, std::string runId) : threadId_(std::move(threadId)), runId_(std::move(runId)) {}

  RunEvent begin() const { return {.type = "RUN_STARTED"}; }
  // What an event of the thread adds: kind and data as streams have them. Ends are left to finish() and fail().
  std::vector<RunEvent> add(std::string_view kind, std::string_view data);
  std::vector<RunEvent> finish();
  std::vector<RunEvent> fail(std::string_view code, std::string_view text);

  // Of the last message.
  const std::string& output() const { return output_; }

  // {type, run_id, message_id, delta, tool_name, result, output, error}: all eight, null where one does not apply.
  std::string inList(const RunEvent& event) const;
  // AG-UI's own form.
  std::string inStream(const RunEvent& event) const;

 private:
  void closeMessage(std::vector<RunEvent>& out);

  std::string threadId_;
  std::string runId_;
  std::string openMessage_;  // its id; empty: none
  std::string said_;         // of the open message
  std::string output_;
};

}  // namespace agent
