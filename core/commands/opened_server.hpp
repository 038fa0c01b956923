// A server's stores, opened by a command that reads or changes them and starts nothing.
#pragma once

#include <memory>

#include "core/commands/arguments.hpp"
#include "core/commands/command.hpp"
#include "core/commands/data_owner.hpp"
#include "core/kernel/kernel.hpp"

namespace mortise::commands {

// Acts as the owner of data.dir for as long as it lives (data_owner.hpp).
class OpenedServer {
 public:
  // Says on standard error which data it opens. Throws kernel::StartError.
  OpenedServer(const Program& program, const Arguments& arguments,
               kernel::WithoutDatabase without = kernel::WithoutDatabase::refuse);

  kernel::Kernel* operator->() const { return kernel_.get(); }
  kernel::Kernel& operator*() const { return *kernel_; }

 private:
  std::unique_ptr<ActAsOwner> owner_;  // outlives the kernel, which writes when it closes its database
  std::unique_ptr<kernel::Kernel> kernel_;
};

}  // namespace mortise::commands
