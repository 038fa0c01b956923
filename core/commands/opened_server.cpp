#include "core/commands/opened_server.hpp"

#include <iostream>

#include "core/kernel/option_values.hpp"

namespace mortise::commands {

OpenedServer::OpenedServer(const Program& program, const Arguments& arguments, kernel::WithoutDatabase without)
    : kernel_(prepare(program, arguments)) {
  std::cerr << "mortise: " << kernel::describeData(kernel_->config()) << '\n';
  owner_ = std::make_unique<ActAsOwner>(kernel_->config().text("data.dir"));
  kernel_->openStores(without);
}

}  // namespace mortise::commands
