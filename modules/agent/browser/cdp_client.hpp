// Calls of the Chrome DevTools Protocol over a pair of descriptors. One thread of its own reads and writes, so that
// events (a dialog, a new window) are answered also while nobody calls.
#pragma once

#include <rapidjson/document.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "browser/message_splitter.hpp"
#include "sandbox/fd.hpp"
#include "sandbox/wake_up.hpp"

namespace agent::browser {

using Clock = std::chrono::steady_clock;

// Why a call has no result. The text is the browser's or ours, for logs and for models.
class Fault : public std::runtime_error {
 public:
  enum class Kind {
    closed,   // the browser has gone
    late,     // no answer in time
    stopped,  // the caller no longer wants it
    refused   // the browser answered with an error
  };
  Fault(Kind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

// Safe from any thread.
class CdpClient {
 public:
  using OnEvent =
      std::function<void(std::string_view session, std::string_view method, const rapidjson::Value& params)>;

  // Descriptors that read from and write to the browser; they become non-blocking. `onEvent` runs on the client's
  // thread: it may send(), and must neither call(), nor throw, nor wait.
  CdpClient(sandbox::Fd fromBrowser, sandbox::Fd toBrowser, OnEvent onEvent);
  // Closes both descriptors, at which a browser ends, and waits for the thread.
  ~CdpClient();
  CdpClient(const CdpClient&) = delete;
  CdpClient& operator=(const CdpClient&) = delete;

  struct Call {
    std::string_view session{};  // empty: the browser itself
    std::string_view method;
    std::string params = "{}";  // text of a JSON object
    std::chrono::milliseconds limit{10000};
  };
  // The member `result` of the answer. `stopped` is asked ten times a second; it may be empty. Throws Fault.
  rapidjson::Document call(const Call& call, const std::function<bool()>& stopped);
  // Sends a call whose answer nobody waits for.
  void send(std::string_view session, std::string_view method, const std::string& params = "{}");

  bool isOpen() const;
  // Ends the work with this browser, as if it had closed its side.
  void close(std::string reason);
  // Messages after which a browser that nobody asks anything is given up, counted from the last call.
  static constexpr std::uint64_t kMaxEvents = 100000;

 private:
  struct Waiting {
    bool done = false;
    std::string error{};
    rapidjson::Document result{};
  };

  void run();
  void take(std::string_view message);
  bool readAll();
  bool writeAll();
  std::uint64_t put(std::string_view session, std::string_view method, const std::string& params);
  void closeLocked(std::string reason);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  sandbox::Fd from_;
  sandbox::Fd to_;
  const sandbox::WakeUp wake_;
  OnEvent onEvent_;
  MessageSplitter splitter_;
  std::map<std::uint64_t, Waiting*> waiting_;
  std::string outbox_;
  std::string reason_;  // why it is closed; empty: it is open
  std::uint64_t last_ = 0;
  std::uint64_t events_ = 0;  // since the last call
  std::thread thread_;
};

}  // namespace agent::browser
