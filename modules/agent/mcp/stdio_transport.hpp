// Messages on lines of a child's stdin and stdout. A child that died is started again with the next connection.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "mcp/child_process.hpp"
#include "mcp/transport.hpp"

namespace agent::mcp {

class StdioTransport final : public Transport {
 public:
  explicit StdioTransport(std::unique_ptr<ChildProcess> child) : child_(std::move(child)) {}

  void speak(Era, std::string_view) override {}
  void send(const Outgoing& message, const Waiting& waiting) override { child_->write(message.text, waiting); }
  std::string receive(const Waiting& waiting) override { return child_->readLine(waiting); }
  void settle(const Waiting&) override {}
  bool cancelsBySettling() const override { return false; }
  std::string lastWords() override { return child_->lastWords(); }

 private:
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace agent::mcp
