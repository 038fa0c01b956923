// Streams, WebSockets and events that fail half way, and the threads that stream handlers run on.
#pragma once

#include <mortise/db.hpp>
#include <mortise/events.hpp>
#include <mortise/module.hpp>
#include <mortise/stream.hpp>

#include <mutex>
#include <vector>

class StreamCalls {
 public:
  explicit StreamCalls(mortise::Host host) : db_(host.db()), events_(host.events()) {}
  void bind(mortise::Bindings& on);
  void start();
  void stop();

 private:
  void cutDownload(mortise::Request& request);
  void loudStream(mortise::Request& request);
  void loudSocket(mortise::Request& request);
  mortise::Reply loudEvent(const mortise::Request& request);
  void blockInStream(mortise::Request& request);
  mortise::Reply blockOnLoop(const mortise::Request& request);
  bool mayBlock();

  mortise::Db db_;
  mortise::Events events_;
  mortise::Subscription loud_;
  std::mutex mutex_;
  std::vector<mortise::EventStream> kept_;
};
