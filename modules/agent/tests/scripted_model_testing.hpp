// A model that says what a test wants, over real HTTP: tests/peers/models_stand_in.py.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/peers/curl_http_client.hpp"
#include "tests/peers/process.hpp"

namespace agent::testing_peers {

class ScriptedModel {
 public:
  ScriptedModel() : directory_("model") {
    const auto log = directory_.path() + "/port";
    server_ = std::make_unique<mortise::peers::Process>(
        mortise::peers::Launch{{"/usr/bin/python3", MODELS_STAND_IN}, directory_.path(), false, log});
    std::string port;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (port.find('\n') == std::string::npos && std::chrono::steady_clock::now() < deadline && server_->running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      std::ostringstream text;
      text << std::ifstream(log).rdbuf();
      port = text.str();
    }
    url_ = "http://127.0.0.1:" + port.substr(0, port.find('\n'));
  }

  std::string baseUrl() const { return url_ + "/v1"; }
  void clear() const { control("clear"); }
  // JSON list of {text, calls: [{name, arguments}], pause}: the next answers.
  void script(const std::string& answers) const { control("script?answers=" + encoded(answers)); }
  void fault(const std::string& kind, const std::string& more = {}) const { control("fault?kind=" + kind + more); }
  // What was asked so far, JSON list.
  std::string questions() const { return control("questions"); }

 private:
  std::string control(const std::string& what) const {
    mortise::HttpRequest request;
    request.url = url_ + "/control/" + what;
    return mortise::peers::CurlExchange::client().perform(request).body;
  }
  static std::string encoded(const std::string& text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) != 0) {
        out += c;
      } else {
        out += '%';
        out += kHex[byte >> 4U];
        out += kHex[byte & 0x0FU];
      }
    }
    return out;
  }

  mortise::peers::TempDirectory directory_;
  std::unique_ptr<mortise::peers::Process> server_;
  std::string url_;
};

}  // namespace agent::testing_peers
