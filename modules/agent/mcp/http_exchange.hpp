// One exchange of HTTP whose body is read while it comes, on a thread of its own: events of a stream, or a whole answer.
#pragma once

#include <mortise/http_client.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "mcp/waiting.hpp"

namespace agent::mcp {

// What `request` says but for its callbacks. The destructor ends the exchange and waits for its thread: a second or two.
// Everything else is called by one thread.
class HttpExchange {
 public:
  struct Event {
    std::string name;
    std::string data;
  };

  // `mostEvent`: bytes of one event, or of a body that is no stream.
  HttpExchange(const mortise::HttpClient& http, mortise::HttpRequest request, std::size_t mostEvent);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  // The next event of a stream; empty when the exchange is over. Throws Failure when waiting ends.
  std::optional<Event> next(const Waiting& waiting);
  // Waits for an event, or the end; false: there is neither, in that time.
  bool hasNews(std::chrono::milliseconds time);
  // Waits until it is over; false: it is not, in that time.
  bool finished(const Waiting& waiting);
  // Ends it soon, without waiting for that.
  void stop() noexcept { stopped_ = true; }

  // Once it is over. Throws Failure when there was no response.
  const mortise::HttpResponse& response() const;
  // The body, when it was no stream of events.
  const std::string& body() const noexcept { return body_; }
  // Of a stream; see EventLines.
  const std::string& lastEventId() const noexcept { return lastId_; }
  long retry() const noexcept { return retry_; }
  bool sawEvents() const noexcept { return sawEvents_; }

 private:
  void run(mortise::HttpRequest request) noexcept;
  void push(std::string_view name, std::string_view data);

  const mortise::HttpClient http_;
  const std::size_t mostEvent_;
  std::atomic<bool> stopped_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;
  std::size_t waitingBytes_ = 0;
  bool over_ = false;
  // Written before over_ is set, read after it.
  bool tooMuch_ = false;
  std::optional<mortise::HttpResponse> response_;
  std::optional<Failure> failure_;
  std::string body_;
  std::string lastId_;
  long retry_ = -1;
  bool sawEvents_ = false;

  std::thread thread_;
};

}  // namespace agent::mcp
