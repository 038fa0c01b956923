#include "tests/peers/swift.hpp"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace mortise::peers {
namespace {

std::string readAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool installed() {
  const auto found = std::filesystem::exists("/usr/lib/python3/dist-packages/swift/common/middleware/s3api") &&
                     std::filesystem::exists("/usr/lib/python3/dist-packages/eventlet");
  return found;
}

}  // namespace

Swift* Swift::shared() {
  static const std::unique_ptr<Swift> kServer = installed() ? std::make_unique<Swift>() : nullptr;
  return kServer.get();
}

Swift::Swift(std::vector<std::string> before) : before_(std::move(before)) {
  // A copy, because the user nobody can't read a checkout below root's home.
  std::filesystem::copy_file(MORTISE_SWIFT_ONE, directory_.path() + "/swift_one.py");
  giveToNobody(directory_.path());
  start();
}

Swift::~Swift() { thaw(); }

void Swift::start() {
  const auto log = directory_.path() + "/log";
  std::filesystem::remove(log);
  auto command = before_;
  for (const auto& word : {std::string("/usr/bin/python3"), directory_.path() + "/swift_one.py", directory_.path(),
                           port_, std::string("default"), std::string("second-bucket")})
    command.push_back(word);
  server_ = std::make_unique<Process>(Launch{command, directory_.path(), true, log});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (;;) {
    const auto said = readAll(log);
    const auto ready = said.find("READY ");
    const auto end = said.find('\n', ready);
    if (ready != std::string::npos && end != std::string::npos) {
      port_ = said.substr(ready + 6, end - ready - 6);
      return;
    }
    if (!server_->running() || std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("Swift does not come up: " +
                               said.substr(said.size() - std::min<std::size_t>(said.size(), 1500)));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void Swift::stop() { server_.reset(); }

void Swift::freeze() {
  if (server_) server_->signalGroup(SIGSTOP);
}

void Swift::thaw() {
  if (server_) server_->signalGroup(SIGCONT);
}

}  // namespace mortise::peers
