// The sandbox service of one session: where its API, its browser and its screen are, and connections to the browser and
// the screen.
#pragma once

#include <mortise/http_client.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/sandbox.hpp"
#include "sandbox/web_sockets.hpp"

namespace agent::sandbox {

// Addresses as operators write them. {session} in one stands for the session's id.
struct RemoteAddresses {
  std::string api;        // of http or https, or host[:port], which means http and port 8080
  std::string browser{};  // of http, or host[:port], which means port 9222; empty: port 9222 of the API's host
  std::string screen{};   // of http or ws, or host[:port], which means port 5901; empty: port 5901 of the API's host
};

// Copies are cheap. Every function [worker].
class RemoteService {
 public:
  // Throws std::invalid_argument, with the name of the option, for an address of a browser or screen that can't be read.
  RemoteService(mortise::HttpClient http, std::shared_ptr<WebSockets> sockets, const RemoteAddresses& addresses);

  // The same for a session: its id in the addresses.
  RemoteService of(std::string_view sessionId) const;
  // Whether all sessions have the same one.
  bool shared() const { return shared_; }

  const std::string& api() const { return addresses_.api; }
  const std::string& browser() const { return addresses_.browser; }
  const std::string& screen() const { return addresses_.screen; }

  // Problem 503 sandbox_unavailable, with what is wrong as its note, unless all processes of the service run. `most`: how
  // long an answer is waited for.
  void checkProcesses(std::chrono::milliseconds most, const Stopped& stopped = {}) const;
  // The same unless something answers where the browser, or the screen, should be.
  void checkBrowser(std::chrono::milliseconds most) const;
  void checkScreen(std::chrono::milliseconds most) const;

  // A connection to the browser, as of WebSockets::open() with texts. A service whose processes still start is waited for,
  // a minute at most. Problem 503 sandbox_unavailable.
  Fd openBrowser(const Stopped& stopped) const;
  // A connection to the screen (RFB), as of WebSockets::open() with bytes. Else as openBrowser().
  Fd openScreen(const Stopped& stopped, std::function<void()> failed) const;

 private:
  template <class Open>
  Fd whenStarted(const Stopped& stopped, const Open& open) const;
  bool isStarting(const Stopped& stopped) const;

  mortise::HttpClient http_;
  std::shared_ptr<WebSockets> sockets_;
  bool shared_;
  RemoteAddresses addresses_;  // written out
};

}  // namespace agent::sandbox
