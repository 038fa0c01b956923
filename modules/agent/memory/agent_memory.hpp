// What one agent of a session has been told, and told: its messages, which are sent to the model each time.
#pragma once

#include <mortise/models.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/running_task.hpp"
#include "memory/context_rules.hpp"

namespace agent {

class AgentMemory {
 public:
  using Message = mortise::models::Message;

  // `agent`: planner, react. `texts`: the messages as they are stored, as of toText().
  AgentMemory(std::string agent, const std::vector<std::string>& texts);

  const std::vector<Message>& messages() const { return messages_; }
  // The first message; one that was there and differs is rewritten.
  void setSystem(const std::string& text);
  void add(Message message);
  // Results of tools are cut, so that one of them can't fill the window.
  void addResult(const mortise::models::ToolCall& call, std::string text);

  // Before a new message of the user: a call at the end that has no result goes. With `reply`, the user's answer to
  // a question, it stays: for message_ask_user the reply is the result; the result of another call says that the call
  // broke off while it waited for the user, and has the reply. True: `reply` was used.
  bool rollBack(const std::string& reply = {});
  // After a step: results that only mattered while it went on go, and so do texts of reasoning.
  void forgetPassing();

  // Tokens that the messages take. `reported`: what the provider said of the last question, with the answer to it.
  std::int64_t tokens(const ContextRules& rules) const;
  void reportUsage(std::int64_t tokens);

  enum class Compaction { none, soft, hard };
  Compaction due(const ContextRules& rules, std::string_view model) const;
  // Puts a summary of the oldest messages in their place, until the target is met. `summarize` gives the summary of a
  // text, or nothing where there is none to be had; then, and where that is not enough, the memory is cut.
  void compact(const ContextRules& rules, std::string_view model,
               const std::function<std::optional<std::string>(const std::string& text)>& summarize);
  // Keeps the system message and the newest ones.
  void cut();

  // What has to be written since the last time; empty: nothing.
  std::optional<MemoryChange> takeChange();

 private:
  std::size_t firstOfRest() const {
    return !messages_.empty() && messages_.front().role == mortise::models::Role::system ? 1 : 0;
  }
  // Behind the group (a call and its results) that begins at `at`.
  std::size_t groupEnd(std::size_t at) const;
  void changedFrom(std::size_t at) { changed_ = std::min(changed_, at); }
  void dropBetween(std::size_t from, std::size_t to);
  bool shrunk() const { return messages_.size() < storedCount_; }

  std::string agent_;
  std::vector<Message> messages_;
  std::size_t changed_;      // the first message that is not stored as it is
  std::size_t storedCount_;  // how many are stored
  std::int64_t reported_ = 0;
  std::size_t reportedMessages_ = 0;
};

std::string toText(const mortise::models::Message& message);
mortise::models::Message readMessage(std::string_view text);

}  // namespace agent
