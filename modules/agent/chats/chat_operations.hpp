// The runtime API's face of the agent: a request is a run, which answers as JSON when it is over, or as a stream of AG-UI.
#pragma once

#include <mortise/events.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/stream.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent_contract.hpp"
#include "chats/run_events.hpp"
#include "conversations/conversations.hpp"

namespace agent {

class ChatOperations final : public agent_contract::chats::AgentChats {
 public:
  // `conversations` must outlive this object.
  ChatOperations(mortise::Host host, Conversations& conversations);
  ~ChatOperations() { stop(); }
  ChatOperations(const ChatOperations&) = delete;
  ChatOperations& operator=(const ChatOperations&) = delete;

  void start();
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Run {
    std::string sessionId;
    std::unique_ptr<RunEvents> events;
    std::unique_ptr<mortise::PendingCall> call;    // an answer as JSON
    std::shared_ptr<mortise::EventStream> stream;  // or a stream
    std::shared_ptr<std::atomic<bool>> left = std::make_shared<std::atomic<bool>>(false);
    std::int64_t first = 0;   // number of the user's message
    std::int64_t number = 0;  // of the last event that was taken
    EventId taken{};
    EventId started{};  // the user's message
    Clock::time_point end{};
    Clock::time_point heardAt{};
  };

  void runAgentChat(mortise::Request& request, const agent_contract::chats::AgentChatRequest& body) override;

  std::string openThread(const std::string& wanted, const std::string& userId);
  void take(const mortise::Event& event);
  void run();
  // What the thread has behind the run's place; true: the run is over.
  bool catchUp(Run& run);
  bool give(Run& run, std::string_view kind, std::string_view data);
  void send(Run& run, const std::vector<RunEvent>& events) const;
  void close(Run& run, const std::vector<RunEvent>& last);

  mortise::Events events_;
  mortise::Log log_;
  Conversations& conversations_;
  mortise::Subscription live_;
  std::mutex mutex_;  // held while events go out
  std::condition_variable wake_;
  std::map<std::string, Run, std::less<>> runs_;  // by session
  bool isRunning_ = false;
  std::thread thread_;
};

}  // namespace agent
