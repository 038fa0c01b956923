// The runtime API's face of the agent: a request is a run, which answers as JSON when it is over, or as a stream of AG-UI.
#pragma once

#include <mortise/events.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/stream.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

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
  // A run that somebody waits for. A stream gets what is told through events/1 at once, and what lies between from the
  // database; an answer as JSON is made of what is stored. Reads of the database hold no lock.
  struct Run {
    Run(std::string thread, const std::string& runId, std::string inLanguage)
        : sessionId(std::move(thread)), language(std::move(inLanguage)), events(sessionId, runId) {}

    const std::string sessionId;
    const std::string language;
    const std::shared_ptr<std::atomic<bool>> left = std::make_shared<std::atomic<bool>>(false);  // the stream's client
    EventId started{};                                                                           // the user's message
    Clock::time_point end{};
    std::atomic<Clock::time_point> heardAt{};

    std::mutex mutex;  // of what follows; held while events go out
    RunEvents events;
    std::unique_ptr<mortise::PendingCall> call;    // an answer as JSON
    std::unique_ptr<mortise::EventStream> stream;  // or a stream
    std::string list;                              // of the answer as JSON
    std::int64_t number = 0;                       // of the last stored event that was taken
    EventId taken{};                               // that, or a partial message behind it
    std::string growing;                           // of an answer as JSON: the newest partial message
    std::int64_t growsBehind = 0;                  // the stored event that it follows
    std::int64_t told = 0;                         // the newest number that was told meanwhile
    bool isBehind = true;                          // the database has what comes next
    bool isEnded = false;
  };
  using RunPtr = std::shared_ptr<Run>;

  void runAgentChat(mortise::Request& request, const agent_contract::chats::AgentChatRequest& body) override;
  mortise::Reply deleteAgentChat(const mortise::Request& request) override;

  void take(const mortise::Event& event);
  void run();
  // Takes a batch of what the thread has behind the run's place. True: there is more.
  bool catchUp(const RunPtr& run);
  // Ends what nobody waits for any more, or for too long.
  void look(const RunPtr& run);
  void stopTask(const Run& run);
  void logUnread(const Run& run, const std::exception& error) const;
  void due(const RunPtr& run);
  void remove(const RunPtr& run);

  // With the run's mutex. True: the run is over.
  static bool give(Run& run, std::string_view kind, std::string_view data);
  static void deliver(Run& run, const std::vector<RunEvent>& events);
  // `place`: number of the event behind which it fails.
  static void fail(Run& run, std::int64_t place, std::string_view code, std::string_view text);
  static void close(Run& run);

  mortise::Events events_;
  mortise::Log log_;
  Conversations& conversations_;
  mortise::Subscription live_;
  std::mutex mutex_;  // of what follows; never taken while a run's mutex is wanted
  std::condition_variable wake_;
  std::multimap<std::string, RunPtr, std::less<>>
      runs_;              // by session: a run may begin before the one before it was told
  std::set<RunPtr> due_;  // have something to read
  bool isRunning_ = false;
  std::thread thread_;
};

}  // namespace agent
