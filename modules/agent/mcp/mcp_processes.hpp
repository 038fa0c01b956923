// Where the programs of MCP servers run: those that the operator trusts beside this server, all others in boxes.
#pragma once

#include <memory>
#include <utility>

#include "mcp/child_process.hpp"
#include "mcp/trusted_programs.hpp"

namespace agent::mcp {

class McpProcesses final : public ChildProcesses {
 public:
  // Both outlive it.
  McpProcesses(TrustedPrograms trusted, ChildProcesses& plain, ChildProcesses& boxed)
      : trusted_(std::move(trusted)), plain_(plain), boxed_(boxed) {}
  std::unique_ptr<ChildProcess> start(const Program& program) override {
    return trusted_.trusts(program) ? plain_.start(program) : boxed_.start(program);
  }

 private:
  const TrustedPrograms trusted_;
  ChildProcesses& plain_;
  ChildProcesses& boxed_;
};

}  // namespace agent::mcp
