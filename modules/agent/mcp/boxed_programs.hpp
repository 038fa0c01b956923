// Programs of MCP servers in boxes of their own: a box per program, with nothing in it but what the program makes.
#pragma once

#include "mcp/child_process.hpp"
#include "mcp/living_children.hpp"
#include "sandbox/sandbox.hpp"

namespace agent::mcp {

// The box ends with the program, and its files with it. A program that nobody talks to ends when its box's time is
// over.
class BoxedPrograms final : public ChildProcesses {
 public:
  // Both outlive it and what it starts.
  BoxedPrograms(sandbox::Driver& boxes, LivingChildren& living) : boxes_(boxes), living_(living) {}
  std::unique_ptr<ChildProcess> start(const Program& program) override;

 private:
  sandbox::Driver& boxes_;
  LivingChildren& living_;
};

}  // namespace agent::mcp
