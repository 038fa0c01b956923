// The open event streams of a module, by what each of them follows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/request.hpp"
#include "mortise/stream.hpp"

namespace mortise::inline sdk1 {

// What a handler of lane `stream` needs to answer with events, and to forget the client when it leaves:
//   void watchTickets(Request& request) override { feed_.open(request, request.path("project_id")); }
//   void changed(const Ticket& ticket) { feed_.send(ticket.projectId, "ticket", ticket.id, json::from(ticket).build().text()); }
//   void stop() override { feed_.close(); }
// It reaches the clients of this server only: publish through events/1 and send what the subscription brings, and every
// server of a cluster tells its own clients. All members [any]; none blocks.
class Feed {
 public:
  // Answers `request` with a stream that gets what is sent to `topic`. Throws std::logic_error when the call was
  // answered already.
  void open(const Request& request, std::string_view topic = {}, StreamOptions options = {}) {
    const auto id = state_->expect(topic);
    // onClosed may come before openStream() returns, and after this feed is gone.
    options.onClosed = [state = state_, id, then = std::move(options.onClosed)] {
      state->remove(id);
      if (then) then();
    };
    try {
      state_->keep(id, request.openStream(std::move(options)));
    } catch (...) {
      state_->remove(id);
      throw;
    }
  }
  // One event to each stream of `topic`; empty `event` or `id` are left out.
  void send(std::string_view topic, std::string_view event, std::string_view id, std::string_view data) const {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [key, one] : state_->streams) {
      if (one.stream && one.topic == topic)
        one.stream->send(event, id, data);  // onClosed removes a client that is gone
    }
  }
  // Ends them all; what was sent still arrives.
  void close() const {
    std::map<std::uint64_t, One> ended;  // closed without the lock
    const std::lock_guard lock(state_->mutex);
    ended.swap(state_->streams);
  }
  // How many streams are open.
  std::size_t size() const {
    const std::lock_guard lock(state_->mutex);
    return state_->streams.size();
  }

 private:
  struct One {
    std::string topic;
    std::unique_ptr<EventStream> stream;  // empty until it is open
  };
  struct State {
    std::uint64_t expect(std::string_view topic) {
      const std::lock_guard lock(mutex);
      streams[++last].topic = topic;
      return last;
    }
    void keep(std::uint64_t id, EventStream stream) {
      auto opened = std::make_unique<EventStream>(std::move(stream));  // closed without the lock if it is gone already
      const std::lock_guard lock(mutex);
      if (const auto at = streams.find(id); at != streams.end()) at->second.stream = std::move(opened);
    }
    void remove(std::uint64_t id) {
      std::map<std::uint64_t, One>::node_type gone;  // closed without the lock
      const std::lock_guard lock(mutex);
      gone = streams.extract(id);
    }

    std::mutex mutex;
    std::uint64_t last = 0;
    std::map<std::uint64_t, One> streams;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();  // the streams' callbacks hold it, too
};

}  // namespace mortise::inline sdk1
