// A task without a session: it has one message of the user, keeps nothing, and prints what happens.
#pragma once

#include <mortise/command.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/running_task.hpp"

namespace agent {

class TrialTask final : public RunningTask {
 public:
  // `store` and `live` are not used, and outlive it as `command` does.
  TrialTask(mortise::Db db, const SessionStore& store, const LiveEvents& live, mortise::Command& command,
            std::string prompt, StopSign stop);

  void write(const Happening& happening) override;
  void notifyPartial(const NewEvent& message) override;
  std::optional<Input> takeInput(const Happening& happening = {}) override;
  bool finish(SessionStatus status, const Happening& happening) override;
  bool asksUser() const override { return false; }
  void end(const Happening& happening) override;
  void modelFailed(const mortise::models::Error& error) override;
  std::vector<std::string> memory(std::string_view) const override { return {}; }

  // It came to its end, or to a question to the user, and nothing failed.
  bool succeeded() const { return finished_ && !failed_; }

 private:
  void print(const NewEvent& event);
  void line(std::string_view kind, std::string_view text);
  void grow(const std::string& streamId, const std::string& text);
  void endMessage();

  mortise::Command& command_;
  std::optional<std::string> prompt_;  // until it is taken
  std::string streamId_;               // of the message that is on its way
  std::string printed_;                // of that message
  bool open_ = false;                  // its line is not ended
  bool failed_ = false;
  bool explained_ = false;  // why, in the operator's words
  bool finished_ = false;
};

// Why a model does not answer and what an operator does about it.
std::string adviceOn(const mortise::models::Error& error);

}  // namespace agent
